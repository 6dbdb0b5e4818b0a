// Writes docs/errors.md from the table in src/errors.ts (as compiled in dist/). A test compares the two.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const groups = [
  [
    'ERR_ROOM_SPEC_',
    'The spec is wrong',
    'Thrown before anything is created, as TypeError or RangeError; `field` names what is wrong.',
  ],
  ['ERR_ROOM_PLANK_', 'Planks', ''],
  ['ERR_ROOM_MOUNT_', 'Mounts', ''],
  ['ERR_ROOM_COMMAND_', 'The command', 'The room was made; the program in it could not be started.'],
  ['ERR_ROOM_CGROUP_', 'Limits', 'A limit that cannot be enforced is refused, never dropped in silence.'],
  ['ERR_VAULT_', 'The vault', 'What was stored before is untouched by all of them.'],
  [
    'ERR_COURIER_',
    'Capsules',
    'Reading and writing files fails with the codes of the vault, whether there is one or not.',
  ],
  ['ERR_FLAKE_', 'Flakes', 'The active plank and anchor.env.json are what they were.'],
  ['ERR_ROOM_', 'Everything else', ''],
];

/** The page for a table of code → meaning. */
export function renderErrorDocs(codes) {
  const left = new Map(Object.entries(codes));
  const sections = groups.map(([prefix, title, note]) => {
    const rows = [...left].filter(([code]) => code.startsWith(prefix));
    for (const [code] of rows) left.delete(code);
    const table = [
      '| code | meaning |',
      '| ---- | ------- |',
      ...rows.map(([code, meaning]) => `| \`${code}\` | ${meaning} |`),
    ];
    return [`## ${title}`, ...(note ? [note] : []), table.join('\n')].join('\n\n');
  });
  return `${introduction}\n\n${sections.join('\n\n')}\n`;
}

const introduction = `<!-- Made by "npm run docs:errors" from src/errors.ts; edit that. -->

# Error codes

Match on \`code\`; the text is for people and may change.

- \`RoomError\`: a room, a plank, a vault or the host failed. Where the kernel said no it carries \`step\` (what was being done),
  \`syscall\`, \`errno\` (negative, as in Node's own errors) and \`path\`; \`hint\` says what to do about it; \`cause\` is
  kept. \`instanceof RoomError\` holds across copies of the package.
- \`SpecTypeError\` (a \`TypeError\`) and \`SpecRangeError\` (a \`RangeError\`): the spec is wrong; \`field\` names the place,
  for example \`mounts[2].at\`. Nothing was created.

How a room *ends* is no error: \`await room.exited\` never rejects and gives an outcome with a \`reason\`.`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { errorCodes } = await import('../dist/errors.js');
  writeFileSync(new URL('../docs/errors.md', import.meta.url), renderErrorDocs(errorCodes));
}
