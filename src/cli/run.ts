import { isatty } from 'node:tty';
import { Anchor, parseRoomSpec, type Outcome, type Room, type RoomSpec } from '../index.js';
import { carryStreams } from './carry.js';
import { commandOf } from './command.js';
import type { CommandLine } from './command-line.js';
import { isRecord } from './draft.js';
import { explainEnding } from './ending.js';
import { exitCodeOf, exitCodes } from './exit-code.js';
import { openDescriptor, print, say, tellFailure, writeJsonLine } from './output.js';
import { runPage } from './run-page.js';
import { dropzoneReport, planInJson, runReport, verboseReport } from './run-report.js';
import { readJson } from './json-file.js';
import { requestOf, type RoomRequest, type RunOptionValues } from './run-spec.js';
import { SignalRelay } from './signal-relay.js';
import { chooseStdio, type StdioChoice } from './stdio-choice.js';
import { terminalSize } from './terminal.js';
import { UsageError } from './command-error.js';

export const command = commandOf(runPage, run, {
  failed: exitCodes.noRoom,
  ownWords: 'before-command',
});

async function run(line: CommandLine<typeof runPage.options>): Promise<number> {
  const { options, rest } = line;
  const jsonFd = jsonDescriptor(options);
  let sources: RoomRequest['sources'] = new Map();
  try {
    const request = requestOf({
      options,
      rest,
      ...readFiles(options),
      environment: process.env,
      directory: process.cwd(),
    });
    ({ sources } = request);
    const { spec, typing } = withStdio(request.spec, options);
    return options.plan === true
      ? await printPlan(spec, options)
      : await runRoom(spec, { typing, jsonFd, options });
  } catch (error) {
    return tellFailure(error, { jsonFd, failed: exitCodes.noRoom, sources });
  }
}

function jsonDescriptor(options: RunOptionValues): number | null {
  const text = options['json-fd'];
  if (text !== undefined) return openDescriptor(text, '--json-fd');
  return options.json === true ? 2 : null;
}

function readFiles({ spec, seccomp, services, interactive }: RunOptionValues): {
  base?: Record<string, unknown>;
  profile?: unknown;
  services?: unknown;
} {
  if (spec === '-' && interactive === true) {
    throw new UsageError('--spec - and -i both read standard input', 'put the spec into a file');
  }
  const base = spec === undefined ? undefined : readJson(spec, '--spec');
  if (base !== undefined && !isRecord(base))
    throw new UsageError(`--spec: ${spec} does not hold a JSON object`);
  return {
    ...(base === undefined ? {} : { base }),
    ...(services === undefined ? {} : { services: readJson(services, '--services') }),
    ...(seccomp === undefined || seccomp === 'default' ? {} : { profile: readJson(seccomp, '--seccomp') }),
  };
}

/** A terminal is of a kind that every plank knows; nothing else of the environment is there unless it is named. */
const terminalKind = 'xterm';

function withStdio(spec: RoomSpec, options: RunOptionValues): { spec: RoomSpec; typing: boolean } {
  const { stdio, typing }: StdioChoice = chooseStdio(spec.stdio, {
    interactive: options.interactive === true,
    tty: options.tty === true,
    terminals: [isatty(0), isatty(1), isatty(2)],
    size: terminalSize(),
  });
  const terminal = typeof stdio === 'object' && 'pty' in stdio;
  const env =
    terminal && (spec.env === undefined || isRecord(spec.env))
      ? { TERM: terminalKind, ...spec.env }
      : spec.env;
  return { spec: { ...spec, stdio, ...(env === undefined ? {} : { env }) }, typing };
}

/** Whether anything of a vault is named. What is no spec is refused here as it would be later. */
function namesVault(spec: RoomSpec): boolean {
  const { plank, mounts, nix } = parseRoomSpec(spec);
  const stored = mounts.some(({ kind }) => kind === 'vault' || kind === 'dropzone');
  return plank.kind === 'vault' || stored || (nix !== null && (nix.store !== 'tmpfs' || nix.keep));
}

/** This process exists for one room, so it may be moved to where limits are possible. */
function openAnchor(spec: RoomSpec, { cgroup, vault, record }: RunOptionValues): Promise<Anchor> {
  const recording = record === true;
  const path = vault ?? (recording || namesVault(spec) ? process.env['ANCHOR_VAULT'] : undefined);
  const known = path !== undefined && path !== '';
  if (recording && !known)
    throw new UsageError('--record: in which vault?', 'add --vault PATH, or set ANCHOR_VAULT');
  return Anchor.open({
    launchers: 1,
    reserve: 0,
    ...(known ? { vault: { path, record: recording } } : {}),
    cgroup: cgroup === undefined ? { delegate: true } : { parent: cgroup },
  });
}

async function printPlan(spec: RoomSpec, options: RunOptionValues): Promise<number> {
  const anchor = await openAnchor(spec, options);
  try {
    print(planInJson(await anchor.plan(spec)));
    return exitCodes.done;
  } finally {
    await anchor.close();
  }
}

interface Manner {
  readonly typing: boolean;
  readonly jsonFd: number | null;
  readonly options: RunOptionValues;
}

async function runRoom(spec: RoomSpec, manner: Manner): Promise<number> {
  const signals = new SignalRelay();
  try {
    const anchor = await openAnchor(spec, manner.options);
    try {
      const room = await anchor.spawn(spec, { signal: signals.starting });
      signals.attach(room);
      await carryStreams(room, manner.typing);
      const outcome = await room.exited;
      tellEnd(room, outcome, manner);
      const left = await room.removed;
      if (left !== null) say(`anchor: something of the room is left: ${left.message}\n`);
      return exitCodeOf(outcome);
    } finally {
      await anchor.close();
    }
  } finally {
    signals.stop();
  }
}

function tellEnd(room: Room, outcome: Outcome, { jsonFd, options }: Manner): void {
  const report = runReport(room, outcome);
  if (options.verbose === true) say(verboseReport(report));
  if (jsonFd === null) say(dropzoneReport(outcome, options.verbose === true));
  const reason = explainEnding(outcome, room.spec);
  if (jsonFd !== null) writeJsonLine(jsonFd, report);
  else if (reason !== null) say(`anchor: ${reason}\n`);
}
