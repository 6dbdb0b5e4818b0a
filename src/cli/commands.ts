import type { Command } from './command.js';

/** A name of the command line: what it is for, and where it is. Loaded when it is called. */
export interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

export type CommandMenu = Readonly<Record<string, CommandEntry>>;

/** What can follow `anchor`. */
export const commands: CommandMenu = {
  run: { summary: 'run a command in a room made for it', load: () => import('./run.js') },
  plank: { summary: 'build, inspect and verify room images', load: () => import('./plank.js') },
  doctor: {
    summary: 'what rooms can use of this host, and how to mend the rest',
    load: () => import('./doctor.js'),
  },
  bench: { summary: 'how long rooms take to start on this host', load: () => import('./bench.js') },
};

/** What can follow `anchor plank`. */
export const plankCommands: CommandMenu = {
  build: { summary: 'make a plank from a directory or a tar', load: () => import('./plank-build.js') },
  inspect: { summary: 'format, size, identity', load: () => import('./plank-inspect.js') },
  verify: { summary: 'check header, digest and structure', load: () => import('./plank-verify.js') },
};
