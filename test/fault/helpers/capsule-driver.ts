// Packs or receives a capsule in a process of its own, to be killed or failed in the middle: node capsule-driver.js DIRECTORY pack|receive
// [PLACE]. What it makes is in PLACE, else in DIRECTORY too.
// "done" on stdout: the caller was told so; otherwise the code of the error.
import { join } from 'node:path';
import { packCapsule, receiveCapsule, Vault } from '../../../src/index.js';

const [directory = '', act = '', place = directory] = process.argv.slice(2);
const at = (name: string): string => join(directory, name);
const to = (name: string): string => join(place, name);

async function pack(): Promise<void> {
  await packCapsule({
    output: to('tiny.capsule'),
    room: { plank: at('room.sqsh'), command: ['hello'] },
    plank: at('room.sqsh'),
    weights: { 'tiny.gguf': at('tiny.gguf') },
    split: '60kB',
    date: '2026-11-21',
  });
}

async function receive(): Promise<void> {
  await using vault = await Vault.open(to('vault'));
  await receiveCapsule(at('tiny.capsule'), vault, { acceptUnsigned: true, temporary: to('temporary') });
}

try {
  await (act === 'pack' ? pack() : receive());
  process.stdout.write('done\n');
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code}\n`);
}
