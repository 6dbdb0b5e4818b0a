import type { AuditRecord, LogVerification } from '../index.js';
import { commandOf } from './command.js';
import { UsageError } from './command-error.js';
import type { CommandLine, CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { print, printJson, writeJsonLine } from './output.js';
import { jsonOption, vaultOption, withVault } from './vault-option.js';

export const page = {
  name: 'anchor vault log',
  usage: ['[options]'],
  about: [
    'Prints what was done to the vault, oldest first. Each line of the log has the hash of the one before it.',
  ],
  options: {
    verify: { help: 'check the chain instead, and print its head' },
    restart: { help: 'put a log aside that cannot be mended, and begin a new one' },
    ...vaultOption,
    ...jsonOption,
  },
  notes: [
    'With --verify the exit code is 5 when the log is damaged. With --json the records are one line each.',
  ],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { vault: path, json, verify, restart } = line.options;
  const more = [...line.words, ...(line.rest ?? [])][0];
  if (more !== undefined) throw new UsageError(`one word too many: ${more}`, `usage: ${page.name} [options]`);
  if (verify === true && restart === true) throw new UsageError('--verify and --restart are two things');
  return withVault(path, async (vault) => {
    if (restart === true) {
      const aside = await vault.restartLog();
      if (json === true) printJson({ aside });
      else print(`the old log is in ${aside}\n`);
      return exitCodes.done;
    }
    if (verify === true) {
      const result = await vault.verifyLog();
      if (json === true) printJson(result);
      else print(logVerificationText(result));
      return result.ok ? exitCodes.done : exitCodes.damaged;
    }
    for await (const record of vault.log()) {
      if (json === true) writeJsonLine(1, record);
      else print(recordText(record));
    }
    return exitCodes.done;
  });
}

/** Pure. */
export function recordText({
  seq,
  time,
  operation,
  phase,
  reference,
  recovered,
  message,
}: AuditRecord): string {
  const more = [...(recovered === true ? ['recovered'] : []), ...(message === undefined ? [] : [message])];
  const what = [operation, phase, ...(reference === undefined ? [] : [reference])].join(' ');
  return `${String(seq).padStart(6)}  ${time.replace(/\.\d+Z$/, 'Z')}  ${what}${more.length === 0 ? '' : `: ${more.join(': ')}`}\n`;
}

/** Pure. */
export function logVerificationText({ ok, records, head, problems }: LogVerification): string {
  const lines = problems.map(({ file, line, problem }) => `${file}:${line}: ${problem}`);
  lines.push(
    ok ? `${records} records, the chain holds` : `damaged: ${problems.length} problems`,
    `head sha256:${head}`,
  );
  return lines.map((text) => `${text}\n`).join('');
}
