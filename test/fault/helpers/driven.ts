import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { cProgram } from '../../helpers/c-program.js';

const run = promisify(execFile);

/** Runs a driver under a program that does something to it. */
export type Driven = (wrapper: readonly string[], directory: string, act: string) => Promise<string>;

/** Kills a driver at its first, second, third… change, until it is not killed any more. */
export type AtEveryStep = (
  directory: string,
  act: string,
  before: () => Promise<void>,
  problemsOf: (told: boolean) => Promise<string[]>,
) => Promise<{ states: number; problems: string[] }>;

/** `driver`: a program that does `act` in a directory and prints "done" or the code of an error. */
export function drivenBy(driver: string): { readonly driven: Driven; readonly atEveryStep: AtEveryStep } {
  const driven: Driven = async (wrapper, directory, act) => {
    const [program, ...words] = [...wrapper, process.execPath, driver, directory, act];
    const { stdout } = await run(program, words).catch((error: unknown) => error as { stdout: string });
    return stdout;
  };
  const atEveryStep: AtEveryStep = async (directory, act, before, problemsOf) => {
    const killer = await cProgram('test/fault/programs/killer');
    const problems: string[] = [];
    for (let nth = 1; ; nth += 1) {
      await before();
      const said = await driven([killer, 'kill', String(nth)], directory, act);
      for (const problem of await problemsOf(said.includes('done\n')))
        problems.push(`call ${nth}: ${problem}`);
      if (Number(/calls (\d+)/.exec(said)?.[1]) < nth) return { states: nth, problems };
    }
  };
  return { driven, atEveryStep };
}

/** strace(1), which makes a system call fail or lie: `fsync:error=EIO:when=1`. */
export function faulty(inject: string): readonly string[] {
  const call = inject.split(':')[0] ?? '';
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${inject}`];
}
