import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import { loadAddon } from '../../src/addon/load.js';
import { AnchorBinding } from '../../src/addon/native-anchor.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** In a function of its own, so that nothing on the stack holds on to it. */
async function openAndClose(): Promise<WeakRef<AnchorBinding>> {
  const { addon, init } = loadAddon();
  const binding = new AnchorBinding(addon, { init, launchers: 1, cgroup: null }, 60_000);
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
