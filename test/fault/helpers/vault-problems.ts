import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Vault } from '../../../src/index.js';
import type { Change } from './vault-changes.js';

/**
 * What is wrong with a vault in which a change was ended in the middle. `told`: whoever asked for it was told that it is done. Something is
 * put into it then, from `directory`, so what was left has to be put in order.
 */
export async function problemsOf(
  path: string,
  change: Change,
  told: boolean,
  directory: string,
): Promise<string[]> {
  const problems: string[] = [];
  await using vault = await Vault.open(path);
  const look = async (): Promise<string[]> =>
    (await vault.list())
      .flatMap(({ reference, generations }) =>
        generations.map(({ generation, active }) => `${reference}@${generation}${active ? '*' : ''}`),
      )
      .sort();
  const whole = async (when: string): Promise<void> => {
    const { ok, generations, log } = await vault.verify();
    if (!ok)
      problems.push(
        `${when} not whole: ${JSON.stringify([generations.filter((each) => !each.ok), log.problems])}`,
      );
  };
  // Not yet put in order: readers see the one or the other, but for the number of a generation that nobody activated.
  const seen = (await look()).join(' ');
  const active = (states: readonly string[]): string => states.filter((each) => each.endsWith('*')).join(' ');
  const states = [change.before, change.after, ...(change.between ?? [])];
  if (!states.map(active).includes(active(seen.split(' ')))) problems.push(`active: ${seen}`);
  if (told && seen !== change.after.join(' ')) problems.push(`told, but there is ${seen}`);

  await writeFile(join(directory, 'next'), 'next'.repeat(5000));
  await vault.put('flakes/next', join(directory, 'next'));
  const ordered = (await look()).filter((each) => !each.startsWith('flakes/')).join(' ');
  if (!states.some((state) => state.join(' ') === ordered)) problems.push(`neither: ${ordered}`);
  await whole('after the next change');
  for (const place of ['stage', 'trash', 'leases']) {
    const left = await readdir(join(path, place));
    if (left.length > 0) problems.push(`left in ${place}: ${left.join(', ')}`);
  }
  return problems;
}
