import { ejectDrive } from '../index.js';
import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { print, printJson } from './output.js';

export const page = {
  name: 'anchor courier eject',
  usage: ['[options] DRIVE'],
  about: [
    'Makes sure that DRIVE (/dev/sdb, /dev/sdb1 or uuid:…) may be pulled out: nothing of it is mounted, nobody uses it, its cache is empty. Who ' +
      'uses it is named. A drive that a courier has mounted for itself is unmounted again by that courier.',
  ],
  options: {
    unmount: { help: 'unmount it where somebody else has mounted it; not where it is used' },
    'power-off': { help: 'switch the disk off; it is gone until it is plugged in again' },
    json: { help: 'print the result as JSON' },
  },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const drive = onlyWord(page, line, 'DRIVE');
  const { unmount, 'power-off': powerOff, json } = line.options;
  const ejected = await ejectDrive(drive, { unmount: unmount === true, powerOff: powerOff === true });
  if (json === true) printJson(ejected);
  else print(`${ejected.path} may be pulled out${ejected.poweredOff ? '; it is switched off' : ''}\n`);
  return exitCodes.done;
}
