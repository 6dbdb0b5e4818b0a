import { replayCapsule, type ReceiptDifference, type Replay } from '../index.js';
import { withAnchor } from './anchor-option.js';
import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { signatureText } from './courier-verify.js';
import { exitCodes } from './exit-code.js';
import { printable } from './printable.js';
import { print, printJson, say } from './output.js';
import { textTable } from './text-table.js';
import { jsonOption, vaultOption, watched } from './vault-option.js';

export const page = {
  name: 'anchor replay',
  usage: ['[options] CAPSULE'],
  about: [
    'Verifies a capsule, stores what is in it in a vault as `anchor courier receive` does, runs its room with that plank and those weights, and ' +
      'compares what came of it with the receipt in the capsule. What the vault has already is taken from there, and what is active stays so.',
  ],
  options: {
    signers: { value: 'FILE', help: 'take what one of these allowed signers (ssh-keygen(1)) has signed' },
    'accept-unsigned': { help: 'take it whoever made it' },
    grant: {
      help: 'let the room have the identity, capabilities and seccomp profile that its spec asks for',
    },
    name: { value: 'NAME', help: 'what plank and flake are called (default: as the capsule)' },
    temporary: { value: 'PATH', help: 'where weights are put together (default: TMPDIR)' },
    show: { help: 'pass on to standard error what the room writes' },
    ...vaultOption,
    ...jsonOption,
  },
  notes: [
    'Exit code 0: the same, or nothing to compare with; 9: something differs. The rest is as for `anchor courier receive`, and 125 where the room ' +
      'could not be made.',
  ],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { json, vault, signers, name, temporary } = line.options;
  const path = onlyWord(page, line, 'CAPSULE');
  const replay = await withAnchor(vault, (anchor) =>
    watched(json === true, (options) =>
      replayCapsule(anchor, path, {
        ...options,
        acceptUnsigned: line.options['accept-unsigned'] === true,
        grant: line.options.grant === true,
        ...(line.options.show === true ? { onOutput: (_, chunk) => say(chunk) } : {}),
        ...(signers === undefined ? {} : { signers }),
        ...(name === undefined ? {} : { name }),
        ...(temporary === undefined ? {} : { temporary }),
      }),
    ),
  );
  if (json === true) printJson(replay);
  else {
    print(replayText(replay));
    for (const what of replay.received.unmet)
      say(`anchor: this machine has not what the capsule requires: ${what}\n`);
  }
  return replay.comparison?.identical === false ? exitCodes.differs : exitCodes.done;
}

/** Pure. */
export function replayText({ received, outcome, receipt, comparison }: Replay): string {
  const { id, plank, weights, signature } = received;
  const end = outcome.signal ?? (outcome.exitCode === null ? '' : `code ${outcome.exitCode}`);
  return [
    textTable([
      ['capsule', id],
      ['signature', signatureText(signature)],
      ['plank', plank],
      ...weights.map((reference) => ['weights', reference]),
      ['end', `${outcome.reason} ${end}`.trim()],
      ...Object.entries(receipt.outputs).map(([name, { size, sha256 }]) => [
        name,
        `sha256:${sha256} (${size} bytes)`,
      ]),
      ['verdict', verdict(comparison)],
    ]),
    ...(comparison?.differences ?? []).map((each) => differenceText('differs', each)),
    ...(comparison?.circumstances ?? []).map((each) => differenceText('another machine', each)),
  ].join('');
}

function verdict(comparison: Replay['comparison']): string {
  if (comparison === null) return 'unknown: the capsule has no receipt to compare with';
  if (comparison.identical) return 'identical';
  return `${comparison.differences.length} differ from the receipt of the capsule`;
}

function differenceText(what: string, { field, expected, actual }: ReceiptDifference): string {
  return `${what}: ${printable(field)} was ${shortened(expected)}, is ${shortened(actual)}\n`;
}

/** Flags of a processor fill a screen, and a stranger wrote half of it. */
function shortened(value: string | null): string {
  if (value === null) return 'not there';
  const text = printable(value);
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`;
}
