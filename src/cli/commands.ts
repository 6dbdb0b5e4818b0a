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
  vault: { summary: 'what outlives rooms: store, list, verify, roll back', load: () => import('./vault.js') },
  courier: {
    summary: 'carry things of a vault, or a room with its weights, to another machine, verified',
    load: () => import('./courier.js'),
  },
  replay: {
    summary: 'run the room of a capsule, and say whether the same came of it',
    load: () => import('./replay.js'),
  },
  flake: {
    summary: 'build planks from flakes; change what is installed, or nothing',
    load: () => import('./flake.js'),
  },
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

/** What can follow `anchor vault`. */
export const vaultCommands: CommandMenu = {
  init: { summary: 'make a directory a vault', load: () => import('./vault-init.js') },
  ls: { summary: 'names and their generations', load: () => import('./vault-ls.js') },
  put: { summary: 'store a file or directory as a new generation', load: () => import('./vault-put.js') },
  get: { summary: 'copy a generation out', load: () => import('./vault-get.js') },
  rm: { summary: 'remove a generation, or a name with all of them', load: () => import('./vault-rm.js') },
  gc: { summary: 'remove old generations that nobody uses', load: () => import('./vault-gc.js') },
  verify: { summary: 'read everything back and compare', load: () => import('./vault-verify.js') },
  log: { summary: 'what was done, and whether the log is whole', load: () => import('./vault-log.js') },
  rollback: {
    summary: 'make the generation before the active one the active one',
    load: () => import('./vault-rollback.js'),
  },
  activate: { summary: 'make a generation the active one', load: () => import('./vault-activate.js') },
};

/** What can follow `anchor courier`. */
export const courierCommands: CommandMenu = {
  list: {
    summary: 'drives that can be sent to, and what lies on them',
    load: () => import('./courier-list.js'),
  },
  send: {
    summary: 'send things of a vault or files to a directory, a drive or another vault',
    load: () => import('./courier-send.js'),
  },
  pack: { summary: 'make a capsule of a room and its weights', load: () => import('./courier-pack.js') },
  receipt: {
    summary: 'run a room and say what came of it, by hashes',
    load: () => import('./courier-receipt.js'),
  },
  verify: {
    summary: 'whether a capsule or parcel is whole, and who signed it',
    load: () => import('./courier-verify.js'),
  },
  receive: {
    summary: 'verify a capsule or parcel and store it in a vault',
    load: () => import('./courier-receive.js'),
  },
  eject: { summary: 'make sure that a drive may be pulled out', load: () => import('./courier-eject.js') },
};

/** What can follow `anchor flake`. */
export const flakeCommands: CommandMenu = {
  show: {
    summary: 'what is declared, and what is in the active plank',
    load: () => import('./flake-show.js'),
  },
  lock: { summary: 'pin the inputs in flake.lock', load: () => import('./flake-lock.js') },
  check: { summary: 'evaluate everything and build the checks', load: () => import('./flake-check.js') },
  build: { summary: 'build the plank and store it in the vault', load: () => import('./flake-build.js') },
  declare: {
    summary: 'change the declaration, build it, and make that the active plank',
    load: () => import('./flake-declare.js'),
  },
  rollback: {
    summary: 'go back to the plank before, and to what it was declared as',
    load: () => import('./flake-rollback.js'),
  },
};
