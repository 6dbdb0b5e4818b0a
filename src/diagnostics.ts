import { channel, subscribe, type Channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import type { Outcome } from './room/outcome.js';
import type { Room } from './room/room.js';
import type { CheckedSpec } from './spec/checked.js';

/** `anchor:room:spawn:start`: a checked spec is about to become a room. */
export interface SpawnStartMessage {
  readonly spec: CheckedSpec;
}

/** `anchor:room:spawn:end`: its command runs. */
export interface SpawnEndMessage extends SpawnStartMessage {
  readonly room: Room;
}

/** `anchor:room:spawn:error`: it could not be made, or the signal aborted. */
export interface SpawnErrorMessage extends SpawnStartMessage {
  readonly error: unknown;
}

/** `anchor:reserve:error`: a blank room could not be made ahead. The next spawn makes its own. */
export interface ReserveErrorMessage {
  readonly error: unknown;
}

/** `anchor:room:exit`: every process of it is gone. */
export interface ExitMessage {
  readonly room: Room;
  readonly outcome: Outcome;
}

/**
 * Channels of `node:diagnostics_channel`, for tracers and profilers. Subscribers run at once, on the way of the room: they
 * should be quick. Shared by all Anchors of the process, as all such channels are.
 */
export const channels = {
  spawnStart: channel('anchor:room:spawn:start') as Channel<unknown, SpawnStartMessage>,
  spawnEnd: channel('anchor:room:spawn:end') as Channel<unknown, SpawnEndMessage>,
  spawnError: channel('anchor:room:spawn:error') as Channel<unknown, SpawnErrorMessage>,
  reserveError: channel('anchor:reserve:error') as Channel<unknown, ReserveErrorMessage>,
  exit: channel('anchor:room:exit') as Channel<unknown, ExitMessage>,
};

const log = debuglog('anchor');
let feeding = false;

/** With NODE_DEBUG=anchor, writes to stderr what the channels carry. Nothing is subscribed otherwise. */
export function feedDebugLog(): void {
  if (feeding || !log.enabled) return;
  feeding = true;
  subscribe('anchor:room:spawn:start', (message) => {
    const { plank, command } = (message as SpawnStartMessage).spec;
    log(
      'spawn %j from %s',
      command,
      plank.kind === 'host' ? 'host' : plank.kind === 'vault' ? plank.reference : plank.path,
    );
  });
  subscribe('anchor:room:spawn:end', (message) => {
    const { room } = message as SpawnEndMessage;
    log('%s runs, pid %d, after %d µs: %j', room.id, room.pid, room.timings.total, room.timings.phases);
  });
  subscribe('anchor:room:spawn:error', (message) => {
    log('spawn failed: %s', (message as SpawnErrorMessage).error);
  });
  subscribe('anchor:reserve:error', (message) => {
    log('no blank room: %s', (message as ReserveErrorMessage).error);
  });
  subscribe('anchor:room:exit', (message) => {
    const { room, outcome } = message as ExitMessage;
    log('%s ended: %s %j', room.id, outcome.reason, outcome.usage);
  });
}
