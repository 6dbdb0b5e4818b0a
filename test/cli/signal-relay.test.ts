import test from 'ava';
import { Interrupted } from '../../src/cli/command-error.js';
import { interruptible } from '../../src/cli/interruptible.js';
import { SignalRelay } from '../../src/cli/signal-relay.js';
import type { Room } from '../../src/index.js';

const deliver = (signal: NodeJS.Signals) => process.emit(signal, signal);

function listening(): { room: Room; received: unknown[] } {
  const received: unknown[] = [];
  return { room: { kill: (signal: unknown) => received.push(signal) } as unknown as Room, received };
}

test.serial('what would end us ends the making of the room', (t) => {
  const before = process.listenerCount('SIGTERM');
  const relay = new SignalRelay();
  t.teardown(() => relay.stop());
  t.false(relay.starting.aborted);
  deliver('SIGTERM');
  t.true(relay.starting.aborted);
  const reason = relay.starting.reason as Interrupted;
  t.true(reason instanceof Interrupted);
  t.is(reason.signal, 'SIGTERM');
  t.is(process.listenerCount('SIGTERM'), before, 'the next one has its usual effect');
});

test.serial('signals with a meaning of the program’s own wait for it', (t) => {
  const relay = new SignalRelay();
  t.teardown(() => relay.stop());
  const { room, received } = listening();
  deliver('SIGUSR1');
  deliver('SIGUSR2');
  t.false(relay.starting.aborted);
  relay.attach(room);
  deliver('SIGINT');
  t.deepEqual(received, ['SIGUSR1', 'SIGUSR2', 'SIGINT']);
  t.false(relay.starting.aborted);
});

test.serial('nothing is listened to before and after', (t) => {
  const count = () => process.listenerCount('SIGHUP') + process.listenerCount('SIGUSR2');
  const before = count();
  const relay = new SignalRelay();
  t.is(count(), before + 2);
  relay.stop();
  t.is(count(), before);
});

test.serial('work that a signal stops', async (t) => {
  const before = process.listenerCount('SIGINT');
  const work = interruptible(
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  );
  deliver('SIGINT');
  const error = await t.throwsAsync(work, { instanceOf: Interrupted, message: 'interrupted by SIGINT' });
  t.is(error.signal, 'SIGINT');
  t.is(process.listenerCount('SIGINT'), before);
  t.is(await interruptible(async () => 5), 5);
});
