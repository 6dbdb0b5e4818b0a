import { receiveCapsule, type ReceivedCapsule } from '../index.js';
import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { signatureText } from './courier-verify.js';
import { exitCodes } from './exit-code.js';
import { print, printJson, say } from './output.js';
import { textTable } from './text-table.js';
import { jsonOption, vaultOption, watched, withVault } from './vault-option.js';

export const page = {
  name: 'anchor courier receive',
  usage: ['[options] CAPSULE'],
  about: [
    'Verifies a capsule and stores what is in it in a vault: the plank as planks/NAME, the weights as models/…, the flake as ' +
      'flakes/NAME. They become active once all of them are stored.',
  ],
  options: {
    signers: { value: 'FILE', help: 'take what one of these allowed signers (ssh-keygen(1)) has signed' },
    'accept-unsigned': { help: 'take it whoever made it' },
    name: { value: 'NAME', help: 'what plank and flake are called (default: as the capsule)' },
    temporary: { value: 'PATH', help: 'where weights are put together (default: TMPDIR)' },
    ...vaultOption,
    ...jsonOption,
  },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { json, vault: vaultPath, signers, name, temporary } = line.options;
  const path = onlyWord(page, line, 'CAPSULE');
  const received = await withVault(vaultPath, (vault) =>
    watched(json === true, (options) =>
      receiveCapsule(path, vault, {
        ...options,
        acceptUnsigned: line.options['accept-unsigned'] === true,
        ...(signers === undefined ? {} : { signers }),
        ...(name === undefined ? {} : { name }),
        ...(temporary === undefined ? {} : { temporary }),
      }),
    ),
  );
  if (json === true) printJson(received);
  else {
    print(receivedText(received));
    for (const what of received.unmet)
      say(`anchor: this machine has not what the capsule requires: ${what}\n`);
  }
  return exitCodes.done;
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
