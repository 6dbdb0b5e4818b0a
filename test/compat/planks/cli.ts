import { dropOldPlanks, makePlank, type Tell } from './planks.js';
import { recipes, type PlankName } from './recipes.js';

/** Makes all planks, and says on stderr what it does when there is something to do. */
export async function makePlanks(): Promise<void> {
  for (const name of Object.keys(recipes) as PlankName[]) await makePlank(name, tell);
  dropOldPlanks();
}

const tell: Tell = async (step, work) => {
  const begin = performance.now();
  process.stderr.write(`compat: ${step} ...`);
  const result = await work();
  process.stderr.write(` done (${((performance.now() - begin) / 1000).toFixed(1)} s)\n`);
  return result;
};
