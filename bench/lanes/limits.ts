/**
 * A lane that makes rooms until it is refused one.
 *
 * usage: node limits.js PLANK
 */
import { readFileSync, readdirSync } from 'node:fs';
import { Anchor, type Room } from '../../src/index.js';
import { serveLane } from './serve.js';

export interface LimitsRequest {
  /** At most so many. */
  readonly rooms: number;
}

export interface Met {
  /** How many lived when one more was refused, or all that were asked for. */
  readonly made: number;
  readonly refusal: { readonly code: string; readonly message: string; readonly hint: string } | undefined;
  /** Mounts that the first of them has, in a mount namespace of its own; undefined where it could not be read. */
  readonly mountsOfRoom: number | undefined;
  /** Loop devices of the host with something in them. */
  readonly loopDevices: number;
  /** How a room ended that was made when all others were gone. */
  readonly afterwards: string;
}

const plank = process.argv[2] ?? '';
const stdio = ['ignore', 'ignore', 'ignore'] as const;

await serveLane(async () => {
  const anchor = await Anchor.open();
  return {
    answer: (line) => meet(anchor, JSON.parse(line) as LimitsRequest),
    close: () => anchor.close(),
  };
});

async function meet(anchor: Anchor, { rooms: most }: LimitsRequest): Promise<Met> {
  const rooms: Room[] = [];
  let refusal: Met['refusal'];
  try {
    while (rooms.length < most) rooms.push(await anchor.spawn({ plank, command: ['/bin/idle'], stdio }));
  } catch (error) {
    const { code = 'no code', message, hint = '' } = error as Error & { code?: string; hint?: string };
    refusal = { code, message, hint };
  }
  const made = rooms.length;
  const loopDevices = countLoopDevices();
  // A process at its limit cannot even open a file of /proc: one room makes way for that.
  await rooms.pop()?.destroy();
  const mountsOfRoom = countMounts(rooms[0]);
  await Promise.all(rooms.map((room) => room.destroy()));
  return { made, refusal, mountsOfRoom, loopDevices, afterwards: await oneMore(anchor) };
}

async function oneMore(anchor: Anchor): Promise<string> {
  const room = await anchor.spawn({ plank, command: ['/bin/tiny'], stdio });
  const { reason, exitCode } = await room.exited;
  return `${reason} ${exitCode ?? ''}`.trim();
}

function countMounts(room: Room | undefined): number | undefined {
  try {
    return readFileSync(`/proc/${room?.pid}/mountinfo`, 'utf8').trim().split('\n').length;
  } catch {
    return undefined;
  }
}

function countLoopDevices(): number {
  try {
    return readdirSync('/sys/block').filter((name) => /^loop\d+$/.test(name) && isUsed(name)).length;
  } catch {
    return NaN;
  }
}

function isUsed(name: string): boolean {
  return readFileSync(`/sys/block/${name}/size`, 'utf8').trim() !== '0';
}
