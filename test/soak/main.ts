// The soak: `npm run soak -- --rooms 20000`. Exit status 1 when anything was left, ended otherwise than it should have, or
// memory grew; 2 for a command line that makes no sense.
import { copyFile, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ProgressLine } from '../../src/cli/progress-line.js';
import { busyboxPlank } from '../helpers/image.js';
import { parseSoakOptions, usage, type SoakOptions } from './options.js';
import { jsonOf, tablesOf, tapOf, verdictsOf } from './report.js';
import { Soak } from './soak.js';

let options: SoakOptions;
try {
  options = parseSoakOptions(process.argv.slice(2), Math.random);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}\n`);
  process.exit(2);
}

const line = new ProgressLine(process.stderr);
const tell = (text: string): void => {
  line.clear();
  process.stderr.write(`# ${text}\n`);
};

const directory = await mkdtemp(join(tmpdir(), 'anchor-soak-'));
try {
  await chmod(directory, 0o755);
  await writeFile(join(directory, 'file'), 'text\n');
  const images = [join(directory, 'room.sqsh'), join(directory, 'room.erofs')];
  await copyFile(await busyboxPlank('squashfs'), images[0] as string);
  await copyFile(await busyboxPlank('erofs'), images[1] as string);
  tell(`seed ${options.seed}`);
  const mark = basename(directory);
  const soak = new Soak(
    options,
    { planks: [...images, 'host'], directory, mark },
    { directory, mark },
    tell,
    (text) => line.show(text),
  );
  const report = await soak.run();
  line.clear();
  process.stdout.write({ text: tablesOf, json: jsonOf, tap: tapOf }[options.form](report));
  process.exitCode = verdictsOf(report).every(({ against }) => against.length === 0) ? 0 : 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
