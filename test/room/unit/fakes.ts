import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NativeExec } from '../../../types/addon.js';
import type { NativeEvent, NativeFault, NativeRusage } from '../../../types/event.js';
import type { Plan, ProcessPlan } from '../../../types/plan.js';
import type { Launcher, RoomListener } from '../../../src/addon/native-anchor.js';
import type { RoomEvent } from '../../../src/room/events.js';
import { RoomLife } from '../../../src/room/life.js';
import { PhaseClock } from '../../../src/room/timings.js';
import type { ResolvedRoom } from '../../../src/host/resolved-room.js';
import { buildPlan } from '../../../src/plan/build.js';
import { parseRoomSpec } from '../../../src/spec/parse.js';
import type { RoomSpec } from '../../../src/spec/room-spec.js';

/** Records what it is asked and says what the test makes it say. */
export class FakeLauncher implements Launcher {
  readonly calls: string[] = [];
  holds = 0;
  execs: NativeExec = { process: 1, stdin: -1, stdout: -1, stderr: -1 };
  files: Readonly<Record<string, string>> = {};
  #listener: RoomListener = () => {};

  launch(_plan: Plan, listener: RoomListener): number {
    this.calls.push('launch');
    this.#listener = listener;
    return 7;
  }

  run(room: number, process: ProcessPlan, lifetime: number | null): NativeExec {
    this.calls.push(`run ${room} ${process.argv.join(' ')} ${lifetime}`);
    return this.execs;
  }

  exec(room: number, process: ProcessPlan): NativeExec {
    this.calls.push(`exec ${room} ${process.argv.join(' ')}`);
    return this.execs;
  }

  look(room: number): void {
    this.calls.push(`look ${room}`);
  }

  signal(room: number, process: number, signal: number): boolean {
    this.calls.push(`signal ${room} ${process} ${signal}`);
    return true;
  }

  kill(room: number): void {
    this.calls.push(`kill ${room}`);
  }

  setDeadline(room: number, milliseconds: number | null): void {
    this.calls.push(`deadline ${room} ${milliseconds}`);
  }

  freeze(room: number, frozen: boolean): Promise<void> {
    this.calls.push(`freeze ${room} ${frozen}`);
    return Promise.resolve();
  }

  openBelow(): Promise<number> {
    return Promise.reject(Object.assign(new Error('nothing there'), { errno: -2 }));
  }

  own(): void {}

  discard(fd: number): void {
    closeSync(fd);
  }

  resize(master: number, columns: number, rows: number): void {
    this.calls.push(`resize ${master} ${columns} ${rows}`);
  }

  readPlankFile(_lower: unknown, path: string): Promise<Uint8Array | null> {
    const text = this.files[path];
    return Promise.resolve(text === undefined ? null : Buffer.from(text));
  }

  hold(): void {
    this.holds++;
  }

  release(): void {
    this.holds--;
  }

  say(event: NativeEvent): void {
    this.#listener(event);
  }
}

export const rusage: NativeRusage = {
  userTime: 1,
  systemTime: 2,
  maxRss: 3,
  minorFaults: 0,
  majorFaults: 0,
  voluntarySwitches: 0,
  involuntarySwitches: 0,
};

export const launched = { type: 'launched', room: 7, pid: 4242, stdin: -1, stdout: -1, stderr: -1, marks: { clone: 100 } } as const; // prettier-ignore
export const started = { type: 'started', room: 7, process: 0, marks: { clone: 100, exec: 150 } } as const;
export const ended = { type: 'ended', room: 7, killed: null, initSignal: null, rusage, report: {}, upper: null, wall: 900 } as const; // prettier-ignore
export const removed = { type: 'removed', room: 7, fault: null } as const;

export function exited(process: number, code: number | null, signal: number | null = null): NativeEvent {
  return { type: 'exited', room: 7, process, code, signal, rusage };
}

export function fault(step: string, errno: number, more: Partial<NativeFault> = {}): NativeFault {
  return { step, syscall: step.split('.').at(-1) ?? step, errno, path: '', detail: '', ...more };
}

const identity = { kind: 'mapped', base: 524_288, size: 65_536 } as const;

/** As the resolver would have it on a host with everything. */
export function resolved(spec: Partial<RoomSpec> = {}, more: Partial<ResolvedRoom> = {}): ResolvedRoom {
  const checked = parseRoomSpec({ plank: '/planks/a.sqsh', command: ['sh', '-c', 'true'], ...spec });
  return {
    spec: checked,
    place: { id: 'room-0a1b2c3d-1', identity: more.identity ?? identity, prepared: false },
    plank: {
      lower: { kind: 'image', path: '/planks/a.sqsh', format: 'squashfs', attach: 'loop' },
      idmap: true,
      binds: [],
    },
    mounts: [],
    nix: null,
    covers: [],
    pidMax: null,
    seesCgroup: false,
    identity,
    user: { uid: 0, gid: 0, groups: [0], name: 'root', home: '/root' },
    services: [],
    cgroup: null,
    used: [],
    notes: [],
    ...more,
  };
}

/** A room with a fake below it, already launched. */
export function startLife(spec: Partial<RoomSpec> = {}): {
  launcher: FakeLauncher;
  life: RoomLife;
  events: RoomEvent[];
  gone: boolean[];
} {
  const launcher = new FakeLauncher();
  const events: RoomEvent[] = [];
  const gone: boolean[] = [];
  const room = resolved(spec);
  const life = new RoomLife({
    launcher,
    plan: buildPlan(room, null),
    limits: room.spec.limits,
    clock: new PhaseClock(),
    notify: (event) => events.push(event),
    collect: null,
    gone: (clean) => void gone.push(clean),
  });
  life.launch();
  return { launcher, life, events, gone };
}

/** Both ends of a pipe. */
export function makePipe(): { readEnd: number; writeEnd: number } {
  const directory = mkdtempSync(join(tmpdir(), 'anchor-pipe-'));
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  const keeper = openSync(path, constants.O_RDWR);
  const readEnd = openSync(path, constants.O_RDONLY);
  const writeEnd = openSync(path, constants.O_WRONLY);
  closeSync(keeper); // it only kept the two opens from waiting for each other
  rmSync(directory, { recursive: true });
  return { readEnd, writeEnd };
}
