import { Vault } from '../index.js';
import { UsageError } from './command-error.js';
import { interruptible } from './interruptible.js';
import { ProgressLine } from './progress-line.js';
import { transferText } from './transfer-text.js';
import type { TransferOptions } from '../index.js';

/** Which vault: of every command but `init`. */
export const vaultOption = {
  vault: { value: 'PATH', help: 'the vault (default: the environment variable ANCHOR_VAULT)' },
} as const;

export const jsonOption = { json: { help: 'print the result as JSON, and no progress' } } as const;

/** The path of the vault that the command line names, or else the environment. */
export function namedVault(path: string | undefined): string {
  const named = path ?? process.env['ANCHOR_VAULT'];
  if (named !== undefined && named !== '') return named;
  throw new UsageError('which vault?', 'name it: --vault PATH, or set ANCHOR_VAULT');
}

/** Opens the vault that the command line names, does something with it, and closes it. */
export async function withVault<T>(path: string | undefined, work: (vault: Vault) => Promise<T>): Promise<T> {
  const vault = await Vault.open(namedVault(path));
  try {
    return await work(vault);
  } finally {
    await vault.close();
  }
}

/** A transfer with a line that shows how far it is, and that a signal stops. */
export async function watched<T>(json: boolean, work: (options: TransferOptions) => Promise<T>): Promise<T> {
  const progress = new ProgressLine(process.stderr, !json);
  try {
    return await interruptible((signal) =>
      work({ signal, onProgress: (state) => progress.show(transferText(state)) }),
    );
  } finally {
    progress.clear();
  }
}
