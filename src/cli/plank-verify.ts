import { verifyPlank, type PlankVerification } from '../index.js';
import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { reportOf } from './failure.js';
import { interruptible } from './interruptible.js';
import { print, printJson } from './output.js';
import { ProgressLine } from './progress-line.js';
import { styleFor, type Style } from './style.js';

export const page = {
  name: 'anchor plank verify',
  usage: ['[options] PLANK'],
  about: [
    'Compares every byte with a digest: the one given, or the one in PLANK.sha256. The structure is checked by the ' +
      'programs of the format (unsquashfs, fsck.erofs), if they are installed.',
  ],
  options: {
    digest: { value: 'sha256:HEX', help: 'what the file has to hash to' },
    json: { help: 'print the checks as JSON' },
  },
  notes: ['Exit code: 0 when no check failed, 1 otherwise.'],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { json, digest } = line.options;
  const path = onlyWord(page, line, 'PLANK');
  const progress = new ProgressLine(process.stderr, json !== true);
  try {
    const verification = await interruptible((signal) =>
      verifyPlank(path, {
        signal,
        onProgress: (share) => progress.show(`hashing ${Math.floor(share * 100)} %`),
        ...(digest === undefined ? {} : { digest }),
      }),
    );
    progress.clear();
    if (json === true) printJson(verificationInJson(verification));
    else print(verificationText(verification, styleFor(process.stdout, process.env)));
    return verification.ok ? exitCodes.done : exitCodes.failed;
  } finally {
    progress.clear();
  }
}

/** An Error has no JSON of its own. */
function verificationInJson({ checks, ...rest }: PlankVerification): unknown {
  return {
    ...rest,
    checks: checks.map(({ error, ...check }) =>
      error === undefined ? check : { ...check, error: reportOf(error) },
    ),
  };
}

/** The checks, for people. Pure. */
export function verificationText({ path, ok, checks }: PlankVerification, style: Style): string {
  const paint = { passed: style.good, failed: style.bad, skipped: (text: string) => text };
  const lines = checks.flatMap(({ name, result, detail, error }) => [
    `${paint[result](result.padEnd(8))}${name.padEnd(11)}${detail}`,
    ...(error?.hint === undefined ? [] : [`${' '.repeat(19)}hint: ${error.hint}`]),
  ]);
  const verdict = ok ? style.good('no check failed') : style.bad('not to be used');
  return `${lines.join('\n')}\n${path}: ${verdict}\n`;
}
