import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { messageOf } from '../drive/open-lanes.js';
import type { LimitsRequest, Met } from '../lanes/limits.js';
import { paths } from '../paths.js';
import { paragraphs, renderFailures, renderTable } from '../table.js';
import { Unavailable } from '../workshop/programs.js';
import type { Question, Setting } from './question.js';

export interface LimitsAnswer {
  readonly limits: readonly {
    readonly name: string;
    readonly failure: string | undefined;
    /** One, or none when it could not be measured. */
    readonly samples: readonly Met[];
  }[];
  /** fs.mount-max: mounts that one mount namespace may have. */
  readonly mountMax: number;
}

interface Limit {
  readonly name: string;
  readonly rooms: number;
  /** Starts the lane so that it will meet the limit, and nobody else does. */
  start(setting: Setting, lane: readonly string[]): ReturnType<Setting['startLane']>;
}

const limits: readonly Limit[] = [
  {
    name: 'none of these',
    rooms: 200,
    start: (setting, lane) => setting.startLane(lane),
  },
  {
    name: 'open files of the process (ulimit -n), all but 200 in use',
    rooms: 400,
    async start(setting, lane) {
      const fds = (await hardLimitOfFiles()) - 200;
      return setting.startLane(lane, { BENCH_BALLAST: JSON.stringify({ fds }) });
    },
  },
  {
    name: 'processes (kernel.pid_max 400 in a PID namespace)',
    rooms: 400,
    async start(setting, lane) {
      requirePidMaxOfNamespace();
      const script = 'echo 400 > /proc/sys/kernel/pid_max; exec "$@"';
      return setting.startLane([
        ...['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
        ...['/bin/sh', '-ec', script, 'sh', ...lane],
      ]);
    },
  },
];

export const limitsQuestion: Question<LimitsAnswer> = {
  name: 'limits',
  asks: 'What runs out first, and what does the library say then?',
  due: false,
  async ask(setting) {
    const mountMax = Number(await readFile('/proc/sys/fs/mount-max', 'utf8'));
    const found = [];
    for (const limit of limits) {
      setting.signal.throwIfAborted();
      setting.progress(limit.name);
      found.push(await meet(setting, limit));
    }
    return { limits: found, mountMax };
  },
  render: renderLimits,
};

async function meet(setting: Setting, limit: Limit): Promise<LimitsAnswer['limits'][number]> {
  const { name, rooms } = limit;
  try {
    const { lane } = await limit.start(setting, [process.execPath, paths.limitsLane, setting.workshop.plank]);
    try {
      const request: LimitsRequest = { rooms };
      return { name, failure: undefined, samples: [(await lane.ask(request)) as unknown as Met] };
    } finally {
      await lane.close();
    }
  } catch (error) {
    return { name, failure: messageOf(error), samples: [] };
  }
}

async function hardLimitOfFiles(): Promise<number> {
  const text = await readFile('/proc/self/limits', 'utf8');
  const hard = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(text)?.[1]);
  if (!(hard <= 1 << 20)) throw new Unavailable(`the limit on open files is too far away: ${hard}`);
  return hard;
}

/** Before Linux 6.14 there was one for the whole host, which is not ours to change. */
function requirePidMaxOfNamespace(): void {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 14))
    throw new Unavailable('needs Linux 6.14: pid_max of a namespace');
  if (process.getuid?.() !== 0) throw new Unavailable('needs root for a PID namespace');
}

function renderLimits({ limits: found, mountMax }: LimitsAnswer): string {
  const rows = found.flatMap(({ name, samples }) =>
    samples.map(({ made, refusal, afterwards }) => [
      ...[
        name,
        String(made),
        refusal === undefined ? '–' : `${refusal.code}: ${refusal.message}. ${refusal.hint}`,
      ],
      afterwards,
    ]),
  );
  const usual = found[0]?.samples[0];
  const counts =
    usual === undefined
      ? ''
      : `A room has ${usual.mountsOfRoom} mounts, in a namespace of its own, of which the kernel allows ${mountMax} each. With ${usual.made} rooms of one plank alive ${usual.loopDevices} loop devices of the host were in use.`;
  const table = renderTable([
    ['limit', 'rooms', 'what spawn() then rejects with', 'a room when all are gone'],
    ...rows,
  ]);
  return paragraphs(rows.length === 0 ? '' : table, counts, renderFailures(found));
}
