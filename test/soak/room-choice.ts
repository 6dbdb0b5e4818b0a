import type { MountSpec, RoomSpec, StdioSpec } from '../../src/index.js';
import type { Random } from '../fuzz/random.js';
import { chooseEnd, type End } from './ends.js';

/** What rooms of a soak are made from. */
export interface Means {
  /** Paths of images that nobody else uses, and `host`. */
  readonly planks: readonly string[];
  /** A directory of the host that rooms may read and write, with a file `file` in it. */
  readonly directory: string;
  /** Value of the variable SOAK in every room: tells processes of this soak from all others. */
  readonly mark: string;
}

/** What is decided about a room before its command: rooms of one kind can be put together ahead. */
export type RoomKind = Pick<RoomSpec, 'plank' | 'identity' | 'user' | 'limits'> & {
  readonly mounts: MountSpec[];
  readonly readOnlyRoot: boolean;
  readonly terminal: boolean;
};

/** One room, from its spec to its end. Depends on the generator alone. */
export interface RoomChoice {
  readonly end: End;
  readonly spec: RoomSpec;
  /** Whether anybody reads what it says. */
  readonly read: boolean;
  /** Further processes, with what they exit with; null: they do not. */
  readonly execs: readonly { readonly code: number | null; readonly stdio: StdioSpec }[];
  /** Files are written and read from outside. */
  readonly files: boolean;
  readonly frozen: boolean;
  /** Somebody makes cgroups below that of the room. */
  readonly nested: boolean;
}

export function chooseRoom(random: Random, means: Means, end: End = chooseEnd(random)): RoomChoice {
  return chooseUse(random, chooseKind(random, means), means, end);
}

export function chooseKind(random: Random, means: Means): RoomKind {
  return {
    plank: random.pick(means.planks),
    mounts: chooseMounts(random, means),
    identity: random.chance(5) ? 'host' : 'mapped',
    readOnlyRoot: random.chance(8),
    user: random.chance(4) ? 1000 : 'root',
    ...(random.chance(4) ? { limits: { disk: '2MiB', files: 200 } } : {}),
    terminal: random.chance(6),
  };
}

/** The spec of a kind of room, without a command. */
export function specOf({ terminal, ...rest }: RoomKind, { mark }: Means): Omit<RoomSpec, 'command'> {
  return { ...rest, env: { SOAK: mark }, ...(terminal ? { stdio: { pty: {} } } : {}) };
}

/** What a room of that kind does, and how it ends. */
export function chooseUse(
  random: Random,
  kind: RoomKind,
  means: Means,
  end: End = chooseEnd(random),
): RoomChoice {
  const lasting = end.kind !== 'exit' && end.kind !== 'crash' && end.kind !== 'missing';
  const { readOnlyRoot, terminal } = kind;
  const spec: RoomSpec = {
    ...specOf(kind, means),
    command:
      end.kind === 'missing' ? ['no-such-program'] : ['sh', '-c', chooseScript(random, end, readOnlyRoot)],
    stdio: terminal ? { pty: {} } : chooseStdio(random),
    ...(end.kind === 'timeout'
      ? { lifetime: end.lifetime }
      : lasting && random.chance(4)
        ? { lifetime: '1h' }
        : {}),
  };
  // A frozen room does not hear of signals, and neither does its room-init.
  const deaf = end.kind === 'signal' || !lasting;
  return {
    end,
    spec,
    read: random.chance(2),
    execs:
      lasting && random.chance(3)
        ? Array.from({ length: 1 + random.below(3) }, () => chooseExec(random))
        : [],
    files: lasting && !readOnlyRoot && random.chance(6),
    frozen: !deaf && random.chance(12),
    nested: lasting && random.chance(12),
  };
}

/** What the command does before it comes to its end, or waits for one. */
function chooseScript(random: Random, end: End, readOnlyRoot: boolean): string {
  const lines: string[] = [];
  if (!readOnlyRoot && random.chance(3))
    lines.push(`i=0; while [ $i -lt ${1 + random.below(100)} ]; do echo text > /tmp/$i; i=$((i+1)); done`);
  if (!readOnlyRoot && random.chance(4))
    lines.push(
      `head -c ${1 + random.below(1_000_000)} /dev/zero > /tmp/large; exec 9< /tmp/large; rm /tmp/large`,
    );
  if (random.chance(3)) lines.push("(setsid sh -c 'sleep 1000 & exec sleep 1000' > /dev/null 2>&1 &)");
  if (random.chance(3)) lines.push('sleep 1000 &');
  // Fits into a pipe and into a terminal that nobody reads.
  if (random.chance(2)) lines.push('echo out; echo err >&2');
  lines.push(lastLine(random, end));
  return lines.join('\n');
}

function lastLine(random: Random, end: End): string {
  if (end.kind === 'exit') return `exit ${end.code}`;
  if (end.kind === 'crash') return `kill -${end.signal.slice(3)} $$`;
  const deaf = end.kind !== 'signal' || end.signal === 'SIGKILL';
  if (deaf && random.chance(3)) return "trap '' TERM INT HUP; while :; do sleep 1000; done";
  return 'exec sleep 1000';
}

function chooseStdio(random: Random): StdioSpec {
  switch (random.below(5)) {
    case 0:
    case 1:
      return 'ignore';
    case 2:
      return ['ignore', 'pipe', 'ignore'];
    default:
      return 'pipe';
  }
}

function chooseMounts(random: Random, { directory }: Means): MountSpec[] {
  const mounts: MountSpec[] = [];
  if (random.chance(4)) mounts.push({ host: directory, at: '/host' });
  if (random.chance(6)) mounts.push({ host: `${directory}/file`, at: '/root/file' });
  if (random.chance(6)) mounts.push({ host: directory, at: '/work', access: 'write' });
  if (random.chance(4)) mounts.push({ tmpfs: '1MiB', at: '/scratch' });
  if (random.chance(12)) mounts.push({ host: '/usr', at: '/mnt/usr', recursive: true });
  return mounts;
}

function chooseExec(random: Random): RoomChoice['execs'][number] {
  const stdio = random.chance(6) ? { pty: {} } : chooseStdio(random);
  return { code: random.chance(2) ? random.below(256) : null, stdio };
}
