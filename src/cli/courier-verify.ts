import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  verifyCapsule,
  verifyParcel,
  type BagVerification,
  type CapsuleContents,
  type CapsuleSignature,
  type ParcelContents,
} from '../index.js';
import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { reportOf } from './failure.js';
import { print, printJson } from './output.js';
import { printable } from './printable.js';
import { styleFor, type Style } from './style.js';
import { textTable } from './text-table.js';
import { bytesInWords } from './units.js';
import { jsonOption, watched } from './vault-option.js';

export const page = {
  name: 'anchor courier verify',
  usage: ['[options] CAPSULE'],
  about: [
    'Reads all of a capsule or parcel back from its disk and compares it with what it says of itself: every byte, the exact set of files, the ' +
      'signature. Each problem is named; nothing outside of the capsule is read.',
  ],
  options: {
    signers: {
      value: 'FILE',
      help: 'a signature has to be there, by one of these allowed signers (ssh-keygen(1))',
    },
    ...jsonOption,
  },
  notes: ['Exit code: 0 when nothing is wrong, 5 when something is, 1 when there is no capsule.'],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { json, signers } = line.options;
  const path = onlyWord(page, line, 'CAPSULE');
  const verification = await watched<BagVerification<CapsuleContents | ParcelContents>>(
    json === true,
    (options) => {
      const how = { ...options, ...(signers === undefined ? {} : { signers }) };
      return isParcel(path) ? verifyParcel(path, how) : verifyCapsule(path, how);
    },
  );
  if (json === true)
    printJson({ ...verification, problems: verification.problems.map((problem) => reportOf(problem)) });
  else print(capsuleText(verification, styleFor(process.stdout, process.env)));
  return verification.ok ? exitCodes.done : exitCodes.damaged;
}

/** What kind of bag it says it is; whether it is one, verifying says. */
export function isParcel(path: string): boolean {
  return existsSync(join(path, 'parcel.json'));
}

/** Pure. */
export function capsuleText(
  verification: BagVerification<CapsuleContents | ParcelContents>,
  style: Style,
): string {
  const { path, ok, id, files, bytes, contents, signature, date, vaultId, problems } = verification;
  const facts = textTable([
    ['id', id ?? 'none'],
    ['payload', `${bytesInWords(bytes)} in ${files} files`],
    ...(contents === null
      ? []
      : 'weights' in contents
        ? [['weights', contents.weights.map(({ name }) => name).join(', ') || 'none']]
        : contents.items.map(({ name, reference }) => ['holds', reference ?? name])),
    ...(date === null ? [] : [['packed', date]]),
    ...(vaultId === null ? [] : [['vault', printable(vaultId)]]),
    ['signature', signatureText(signature)],
  ]);
  const lines = problems.map(({ code, message }) => `${style.bad(code.padEnd(23))}  ${message}\n`);
  const verdict = ok ? style.good('nothing is wrong') : style.bad('not to be used');
  return `${facts}${lines.join('')}${printable(path)}: ${verdict}\n`;
}

/** Pure. */
export function signatureText(signature: CapsuleSignature): string {
  if (signature.state === 'absent') return 'none';
  if (signature.state === 'refused') return 'refused';
  if (signature.state === 'unknown') return `by ${signature.key}, which nobody was asked about`;
  return `by ${printable(signature.principal)}, ${signature.key}`;
}
