#!/usr/bin/env node
import { commands } from './commands.js';
import { choose } from './menu.js';
import { version } from './version.js';

// Whoever reads our output may go away first (`anchor … | head`): that is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

process.exitCode = await choose(
  {
    name: 'anchor',
    about:
      'Disposable rooms: they start in about a millisecond, cannot hurt the host, and leave nothing behind.',
    menu: commands,
    options: { version: { help: 'the version of this package', text: version } },
  },
  process.argv.slice(2),
);
