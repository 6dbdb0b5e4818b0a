import { randomUUID } from 'node:crypto';
import type { Outcome } from './room/outcome.js';
import type { Room } from './room/room.js';
import type { CheckedSpec } from './spec/checked.js';
import type { AuditEntry } from './vault/audit-record.js';
import { failureOf, recorder } from './vault/recorded.js';
import type { Vault } from './vault/vault.js';

/** What the audit log says of rooms: `room begin` with what each has of the vault, `room done` with how it ended, `room failed` of one that could not be made. */
export class RoomRecords {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** Of a room whose command runs. Resolves when it is on the disk; `ended` when its end is as well. */
  async begin(room: Room): Promise<{ readonly ended: Promise<void> }> {
    const say = recorder(this.#vault, entryOf(room));
    const stored = room.granted.mounts.flatMap(({ vault, at }) =>
      vault === null ? [] : [`${vault} at ${at}`],
    );
    // In line before whatever is done after the end of the room is known. One that the log does not get is as one of a program that was
    // killed: a room without an end.
    const ended = room.exited
      .then((outcome) => say('done', { message: endInWords(outcome) }))
      .catch(() => undefined);
    await say('begin', stored.length === 0 ? {} : { message: stored.join(', ') });
    return { ended };
  }

  /** Of one that could not be made. Never fails: the reason is told, not what comes of it. */
  async failed({ plank }: CheckedSpec, error: unknown): Promise<void> {
    const reference = plank.kind === 'vault' ? { reference: plank.reference } : {};
    const say = recorder(this.#vault, { operation: 'room', transaction: randomUUID(), ...reference });
    await say('failed', failureOf(error)).catch(() => undefined);
  }
}

function entryOf({ id, granted }: Room): Omit<AuditEntry, 'phase'> {
  const { plank } = granted;
  const entry = { operation: 'room', transaction: randomUUID(), from: `room ${id}` };
  return plank.vault === null ? entry : { ...entry, reference: plank.vault };
}

/** `exited 0`, `signaled SIGSEGV`, `timed-out`. Pure. */
export function endInWords({ reason, exitCode, signal }: Outcome): string {
  const detail = reason === 'exited' ? exitCode : reason === 'signaled' ? signal : null;
  return detail === null ? reason : `${reason} ${detail}`;
}
