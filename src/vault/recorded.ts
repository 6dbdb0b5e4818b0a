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
export async function recorded<
  T extends { readonly id: string | null; readonly bytes?: number; readonly reference?: string },
>(say: Say, message: string | null, work: () => Promise<T>): Promise<T> {
  await say('begin', message === null ? {} : { message });
  try {
    const result = await work();
    const { id, bytes, reference } = result;
    await say('done', {
      ...(id === null ? {} : { sha256: id }),
      ...(bytes === undefined ? {} : { bytes }),
      ...(reference === undefined ? {} : { reference }),
    });
    return result;
  } catch (error) {
    await say('failed', failureOf(error)).catch(() => undefined);
    throw error;
  }
}

/** What the log says of an error. The code of an abort is a number, and none of ours. Pure. */
export function failureOf(error: unknown): Pick<AuditEntry, 'code' | 'message'> {
  const { code, message } = error as { code?: unknown; message?: string };
  return { ...(typeof code === 'string' ? { code } : {}), message: message ?? String(error) };
}
