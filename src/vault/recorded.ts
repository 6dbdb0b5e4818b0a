import type { AuditEntry } from './audit-record.js';
import type { Vault } from './vault.js';

/** Adds to an audit log, or does nothing where there is none. */
export type Say = (phase: AuditEntry['phase'], more?: Partial<AuditEntry>) => Promise<void>;

export function recorder(vault: Vault | undefined, entry: Omit<AuditEntry, 'phase'>): Say {
  return async (phase, more = {}) => {
    await vault?.record({ ...entry, phase, ...more });
  };
}

/** Does something between `begin` and `done` or `failed`. A refusal is a failure, and recorded like one. */
export async function recorded<T extends { readonly id: string | null; readonly bytes?: number }>(
  say: Say,
  message: string | null,
  work: () => Promise<T>,
): Promise<T> {
  await say('begin', message === null ? {} : { message });
  try {
    const result = await work();
    const { id, bytes } = result;
    await say('done', {
      ...(id === null ? {} : { sha256: id }),
      ...(bytes === undefined ? {} : { bytes }),
    });
    return result;
  } catch (error) {
    await say('failed', {
      code: (error as { code?: string }).code ?? 'ERR_VAULT_IO',
      message: (error as Error).message,
    }).catch(() => undefined);
    throw error;
  }
}
