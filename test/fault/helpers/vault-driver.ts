// One change of a vault in a process of its own, to be killed in the middle: node vault-driver.js VAULT CHANGE [WORDS…].
// "done" on stdout: the caller was told so.
import { writeFile } from 'node:fs/promises';
import { Vault } from '../../../src/index.js';

const [path = '', change = '', ...words] = process.argv.slice(2);
const [first = '', second = ''] = words;

async function act(): Promise<void> {
  if (change === 'init') {
    await (await Vault.init(path)).close();
    return;
  }
  await using vault = await Vault.open(path);
  if (change === 'put') await vault.put(first, second);
  else if (change === 'write and put') {
    await writeFile(second, 'beside'.repeat(1 << 20));
    await vault.put(first, second);
  } else if (change === 'put aside') await vault.put(first, second, { activate: false });
  else if (change === 'get') await vault.get(first, second);
  else if (change === 'rollback') await vault.rollback(first);
  else if (change === 'activate') await vault.activate(first);
  else if (change === 'remove') await vault.remove(first);
  else if (change === 'collect') await vault.collect({ keep: 1 });
  else throw new Error(`no change ${change}`);
}

await act();
process.stdout.write('done\n');
