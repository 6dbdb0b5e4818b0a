// Sends in a process of its own, to be killed or failed in the middle: node courier-driver.js DIRECTORY directory|vault|drive [DEVICE].
// "done" on stdout: the caller was told so; otherwise the code of the error. "halfway" once some parts of a drive's are written.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { send, Vault, type SendTarget } from '../../../src/index.js';

const [directory = '', to = '', device = ''] = process.argv.slice(2);
const at = (name: string): string => join(directory, name);

async function toDirectory(): Promise<void> {
  await mkdir(at('to'), { recursive: true });
  await send({
    sources: [at('tiny.gguf'), at('net')],
    to: { directory: at('to') },
    name: 'load',
    split: '60kB',
    date: '2026-11-21',
  });
}

async function toVault(): Promise<void> {
  await using vault = await Vault.open(at('vault'));
  await using other = await Vault.open(at('other'));
  const target: SendTarget = { vault: other };
  await send({ sources: [{ vault: 'models/tiny.gguf' }], to: target, vault });
}

async function toDrive(): Promise<void> {
  await send(
    { sources: [at('tiny.gguf')], to: { drive: device }, split: '4MiB', onConsent: () => true },
    {
      onProgress: ({ phase, bytes }) => {
        if (phase !== 'copy' || bytes < 12 << 20) return;
        process.stdout.write('halfway\n');
        // Whoever watches kills it now, or never.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
      },
    },
  );
}

try {
  if (to === 'directory') await toDirectory();
  else await (to === 'vault' ? toVault() : toDrive());
  process.stdout.write('done\n');
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code}\n`);
}
