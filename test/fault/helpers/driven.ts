import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { cProgram } from '../../helpers/c-program.js';
import { whole } from '../../helpers/extent.js';
import { joinedProgram } from '../../helpers/joined-program.js';

const run = promisify(execFile);

/** Runs a driver under a program that does something to it. */
export type Driven = (wrapper: readonly string[], directory: string, act: string) => Promise<string>;

/** Kills a driver at each of its changes, or at every third, until it is not killed any more. */
export type AtEveryStep = (
  directory: string,
  act: string,
  before: () => Promise<void>,
  problemsOf: (told: boolean) => Promise<string[]>,
) => Promise<{ states: number; calls: number; problems: string[] }>;

/** `driver`: a program of the tests that does `act` in a directory and prints "done" or the code of an error. */
export function drivenBy(driver: string): { readonly driven: Driven; readonly atEveryStep: AtEveryStep } {
  let joined: Promise<string> | null = null;
  const driven: Driven = async (wrapper, directory, act) => {
    joined ??= joinedProgram(driver);
    const [program, ...words] = [...wrapper, process.execPath, await joined, directory, act];
    const { stdout } = await run(program, words).catch((error: unknown) => error as { stdout: string });
    return stdout;
  };
  const atEveryStep: AtEveryStep = async (directory, act, before, problemsOf) => {
    const killer = await cProgram('test/fault/programs/killer');
    const problems: string[] = [];
    let states = 0;
    for (let nth = 1; ; nth += whole ? 1 : 3) {
      await before();
      const said = await driven([killer, 'kill', String(nth)], directory, act);
      states += 1;
      for (const problem of await problemsOf(said.includes('done\n')))
        problems.push(`call ${nth}: ${problem}`);
      const calls = Number(/calls (\d+)/.exec(said)?.[1]);
      if (calls < nth) return { states, calls, problems };
    }
  };
  return { driven, atEveryStep };
}

/** strace(1), which makes a system call fail or lie: `fsync:error=EIO:when=1`. */
export function faulty(inject: string): readonly string[] {
  const call = inject.split(':')[0] ?? '';
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${inject}`];
}
