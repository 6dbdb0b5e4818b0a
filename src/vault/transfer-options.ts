import { requireSignal } from '../abort.js';
import { keysOf, readFields, wrongType, wrongValue } from '../spec/field.js';
import { readFlag, readText } from '../spec/scalar.js';
import type { PutOptions } from './put.js';
import type { TransferOptions } from './transfer.js';

export const transferKeys = keysOf<TransferOptions>({ signal: true, onProgress: true });
const putKeys = keysOf<PutOptions>({
  signal: true,
  onProgress: true,
  activate: true,
  expect: true,
  source: true,
  transfer: true,
});

/** Refuses options of a transfer that are none. */
export function checkTransfer(
  options: unknown,
  keys: readonly string[],
): { readonly [key: string]: unknown } {
  const fields = readFields(dropUndefined(options), 'options', keys);
  requireSignal(fields['signal']);
  const { onProgress } = fields as { onProgress?: unknown };
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw wrongType('onProgress', 'a function', onProgress);
  return fields;
}

/** The same for `put()`. */
export function checkPut(options: unknown): void {
  const { activate, expect, source, transfer } = checkTransfer(options, putKeys);
  readFlag(activate, 'activate', true);
  if (expect !== undefined) {
    const text = readText(expect, 'expect');
    if (!/^sha256:[0-9a-f]{64}$/i.test(text)) throw wrongValue('expect', 'sha256: and 64 hex digits', text);
  }
  if (transfer !== undefined) readText(transfer, 'transfer');
  if (source !== undefined && (typeof source !== 'object' || source === null))
    throw wrongType('source', 'an object', source);
}

/** Options may be passed on from other options, with undefined for what is not there. */
function dropUndefined(options: unknown): unknown {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return options;
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
