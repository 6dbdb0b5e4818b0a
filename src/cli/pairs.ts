import { didYouMean } from './nearest.js';
import { UsageError } from './command-error.js';

/** What a value such as `host=/data,at=/data,noexec` may hold. */
export interface PairForm {
  readonly option: string;
  readonly keys: readonly string[];
  /** Words that stand alone. */
  readonly switches?: readonly string[];
  /** Keys that have to be there. */
  readonly required: readonly string[];
}

/** Reads `key=value,key=value,switch`. A comma that belongs to a value is written `\,`, a backslash `\\`. */
export function readPairs(text: string, form: PairForm): ReadonlyMap<string, string> {
  const { option, keys, switches = [], required } = form;
  const found = new Map<string, string>();
  for (const part of splitAtCommas(text)) {
    const [, key = part, value] = /^([^=]*)=(.*)$/s.exec(part) ?? [];
    const known = value === undefined ? switches : keys;
    if (!known.includes(key)) {
      const other = value === undefined ? keys : switches;
      if (other.includes(key)) {
        throw new UsageError(`${option}: ${key} ${value === undefined ? 'needs a value' : 'takes no value'}`);
      }
      const all = [...keys, ...switches];
      throw new UsageError(
        `${option}: unknown key ${JSON.stringify(key)}${didYouMean(key, all)}`,
        `it takes ${[...keys.map((name) => `${name}=…`), ...switches].join(', ')}`,
      );
    }
    if (found.has(key)) throw new UsageError(`${option}: ${key} is there twice`);
    found.set(key, value ?? '');
  }
  const missing = required.find((key) => !found.has(key));
  if (missing !== undefined)
    throw new UsageError(`${option}: ${missing}=… is missing in ${JSON.stringify(text)}`);
  return found;
}

function splitAtCommas(text: string): string[] {
  return [...text.matchAll(/(?:^|,)((?:\\[,\\]|[^,])*)/g)].map(([, part = '']) =>
    part.replace(/\\([,\\])/g, '$1'),
  );
}

/** `key=value` split at the first `=`. */
export function readPair(text: string, option: string, form: string): readonly [key: string, value: string] {
  const at = text.indexOf('=');
  if (at <= 0) throw new UsageError(`${option}: expected ${form}, got ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
