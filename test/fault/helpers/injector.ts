import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { syscallNumbers, type SyscallName } from '../../../src/plan/seccomp/syscalls-x64.js';
import { cProgram } from '../../helpers/c-program.js';

/** Who makes a system call; test/fault/programs/injector/roles.h says what they mean. */
export type Role =
  | 'node'
  | 'pool'
  | 'anchor-launch'
  | 'anchor-prepare'
  | 'anchor-watch'
  | 'anchor-janitor'
  | 'maker'
  | 'child'
  | 'room-init'
  | 'room-keeper'
  | 'start';

/** One system call: the `nth` of its kind that somebody in this role makes. */
export interface Call {
  readonly role: Role;
  readonly call: SyscallName;
  readonly nth: number;
}

/** A call and what becomes of it: an error number, or a signal (below 0) for whoever makes it. */
export interface Target extends Call {
  readonly error: number;
  /** How many calls of the kind it becomes of, from that one on; one, unless it is said. */
  readonly times?: number;
  /** Nobody else goes on until whoever makes the call has ended: the other way in which a race with it can end. */
  readonly alone?: boolean;
}

/** More calls than anybody makes. */
export const ALWAYS = 2 ** 31;

/** How often a role made a call. */
export interface Count {
  readonly role: Role;
  readonly call: SyscallName;
  readonly count: number;
}

/** What the injector saw. */
export interface Sight {
  readonly hits: number;
  readonly counts: readonly Count[];
}

const names = new Map<number, SyscallName>(
  Object.entries(syscallNumbers).map(([name, number]) => [number, name as SyscallName]),
);

/** Where the program is; to be called before a program is watched. */
export function injectorProgram(): Promise<string> {
  return cProgram('test/fault/programs/injector');
}

/** The program test/fault/programs/injector, watching this process. */
export class Injector {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #wake: () => void = () => {};

  constructor(program: string) {
    this.#child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#lines.push(line);
      this.#wake();
    });
  }

  /** Watches everybody from now on. */
  async begin(target: Target | null): Promise<void> {
    const what =
      target === null
        ? ''
        : ` ${target.role} ${syscallNumbers[target.call]} ${target.nth} ${target.error} ${target.times ?? 1} ${Number(target.alone ?? false)}`;
    await this.#ask(`begin ${process.pid}${what}`, 'begun');
  }

  /** Lets go of everybody. */
  async end(): Promise<Sight> {
    let hits = 0;
    const counts: Count[] = [];
    for (const line of await this.#ask('end', 'end')) {
      const [what, first, call, count] = line.split(' ');
      if (what === 'hit') hits = Number(first);
      if (what === 'count')
        counts.push({ role: first as Role, call: names.get(Number(call))!, count: Number(count) });
    }
    return { hits, counts };
  }

  async #ask(command: string, last: string): Promise<string[]> {
    this.#child.stdin!.write(`${command}\n`);
    while (this.#lines.at(-1) !== last) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#lines.splice(0);
  }
}
