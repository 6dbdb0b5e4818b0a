import {
  receiveCapsule,
  receiveParcel,
  type ReceivedCapsule,
  type ReceivedParcel,
  type Vault,
  type VaultKind,
} from '../index.js';
import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { UsageError } from './command-error.js';
import { isParcel, signatureText } from './courier-verify.js';
import { exitCodes } from './exit-code.js';
import { print, printJson, say } from './output.js';
import { textTable } from './text-table.js';
import { jsonOption, vaultOption, watched, withVault } from './vault-option.js';

export const page = {
  name: 'anchor courier receive',
  usage: ['[options] CAPSULE'],
  about: [
    'Verifies a capsule or parcel and stores what is in it in a vault: the plank as planks/NAME, the weights as models/…, the flake as ' +
      'flakes/NAME; what is in a parcel under the names that it had. They become active once all of them are stored.',
  ],
  options: {
    signers: { value: 'FILE', help: 'take what one of these allowed signers (ssh-keygen(1)) has signed' },
    'accept-unsigned': { help: 'take it whoever made it' },
    name: { value: 'NAME', help: 'what plank and flake are called (default: as the capsule)' },
    kind: { value: 'KIND', help: 'what things of a parcel are that came from no vault, e.g. models' },
    temporary: { value: 'PATH', help: 'where weights are put together (default: TMPDIR)' },
    ...vaultOption,
    ...jsonOption,
  },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { json, vault: vaultPath } = line.options;
  const path = onlyWord(page, line, 'CAPSULE');
  const received = await withVault(vaultPath, (vault) => receive(line, path, vault));
  if (json === true) printJson(received);
  else if ('stored' in received) print(parcelText(received));
  else {
    print(receivedText(received));
    for (const what of received.unmet)
      say(`anchor: this machine has not what the capsule requires: ${what}\n`);
  }
  return exitCodes.done;
}

function receive(
  line: CommandLine<typeof page.options>,
  path: string,
  vault: Vault,
): Promise<ReceivedCapsule | ReceivedParcel> {
  const { json, signers, name, kind, temporary } = line.options;
  const parcel = isParcel(path);
  if (parcel && name !== undefined) throw new UsageError('--name: things of a parcel keep their names');
  if (!parcel && kind !== undefined) throw new UsageError('--kind: a capsule says what its things are');
  return watched<ReceivedCapsule | ReceivedParcel>(json === true, (options) => {
    const how = {
      ...options,
      acceptUnsigned: line.options['accept-unsigned'] === true,
      ...(signers === undefined ? {} : { signers }),
      ...(temporary === undefined ? {} : { temporary }),
    };
    // Whether it is a kind is for the library to check.
    return parcel
      ? receiveParcel(path, vault, { ...how, ...(kind === undefined ? {} : { kind: kind as VaultKind }) })
      : receiveCapsule(path, vault, { ...how, ...(name === undefined ? {} : { name }) });
  });
}

/** Pure. */
export function parcelText({ id, stored, signature }: ReceivedParcel): string {
  return textTable([
    ['parcel', id],
    ...stored.map((reference) => ['stored', reference]),
    ['signature', signatureText(signature)],
  ]);
}

/** Pure. */
export function receivedText({ id, plank, weights, flake, signature }: ReceivedCapsule): string {
  return textTable([
    ['capsule', id],
    ['plank', plank],
    ...weights.map((reference) => ['weights', reference]),
    ...(flake === null ? [] : [['flake', flake]]),
    ['signature', signatureText(signature)],
  ]);
}
