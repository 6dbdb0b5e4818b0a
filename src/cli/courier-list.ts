import { listDrives, type ListedDrive, type ListedVolume } from '../index.js';
import { commandOf } from './command.js';
import { exactNoWords, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { print, printJson } from './output.js';
import { bytesInWords } from './units.js';

export const page = {
  name: 'anchor courier list',
  usage: ['[options]'],
  about: [
    'Lists drives that can be carried away (USB, and what says that it is removable): file systems, labels, where they are mounted, and the ' +
      'capsules and parcels on those that are.',
  ],
  options: {
    all: { help: 'fixed disks and loop devices as well' },
    look: { help: 'mount what is not mounted, read-only and for this command alone, to see what lies on it' },
    json: { help: 'print the result as JSON' },
  },
  notes: [
    'Uses /sys/block and blkid(8); without root it cannot see what is on a device that is not mounted.',
  ],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  exactNoWords(page, line);
  const { all, look, json } = line.options;
  const drives = await listDrives({ all: all === true, look: look === true });
  if (json === true) printJson(drives);
  else print(drivesText(drives));
  return exitCodes.done;
}

/** Pure. */
export function drivesText(drives: readonly ListedDrive[]): string {
  if (drives.length === 0) return 'no drive that can be carried away\n';
  return drives.map((drive) => `${driveText(drive)}${drive.volumes.map(volumeText).join('')}`).join('');
}

function driveText({ path, kind, vendor, model, size, readOnly, system }: ListedDrive): string {
  const words = [
    [vendor, model].filter((text) => text !== '').join(' '),
    bytesInWords(size),
    kind,
    readOnly ? 'read-only' : '',
    system ? 'of this machine' : '',
  ];
  return `${[path, ...words].filter((word) => word !== '').join('  ')}\n`;
}

function volumeText({
  path,
  fileSystem,
  label,
  uuid,
  size,
  mountedAt,
  holders,
  bags,
  problem,
}: ListedVolume): string {
  const facts = [
    path,
    fileSystem ?? 'nothing known',
    label === null ? '' : `"${label}"`,
    uuid === null ? '' : `uuid:${uuid}`,
    bytesInWords(size),
    mountedAt.length > 0 ? `mounted at ${mountedAt.join(', ')}` : '',
    holders.length > 0 ? `used by ${holders.join(', ')}` : '',
  ];
  const lines = [`  ${facts.filter((fact) => fact !== '').join('  ')}\n`];
  for (const { name, unfinished } of bags ?? [])
    lines.push(`    ${name}${unfinished ? '  (interrupted)' : ''}\n`);
  if (problem !== undefined) lines.push(`    cannot be looked at: ${problem}\n`);
  return lines.join('');
}
