import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import { loadAddon } from '../../src/addon/load.js';
import { AnchorBinding } from '../../src/addon/native-anchor.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const { addon, init } = loadAddon();
const plan = { init, launchers: 1, cgroup: null };

/** In a function of its own, so that nothing on the stack holds on to it. */
async function openAndClose(): Promise<WeakRef<AnchorBinding>> {
  const binding = new AnchorBinding(addon, plan, 60_000);
  await binding.close();
  return new WeakRef(binding);
}

test('nothing holds on to an Anchor that is closed', async (t) => {
  const closed = await Promise.all([1, 2, 3].map(openAndClose));
  const left = (): number => closed.filter((each) => each.deref() !== undefined).length;
  for (let round = 0; round < 50 && left() > 0; round++) {
    await sleep(20);
    collect();
  }
  t.is(left(), 0);
});

// AddressSanitizer sees it (the suite `sanitized`): Node hands over what is queued once more after the queue is gone.
test('an answer may come for an Anchor that nobody holds any more', async (t) => {
  const open = () => new addon.Anchor(JSON.stringify(plan), () => {});
  let forgotten: ReturnType<typeof open> | undefined = open();
  const held = open();
  held.ref();
  // From here on the loop has looked at the first Anchor's queue, and does not before it has collected it.
  await held.releasePlanks(0);
  void forgotten.releasePlanks(0);
  forgotten = undefined;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  collect();
  await sleep(20);
  t.is(await held.releasePlanks(0), null);
  await held.close();
});
