import type { Readable, Writable } from 'node:stream';
import { expectAssignable, expectError, expectNotAssignable, expectType } from 'tsd';
import {
  Anchor,
  Flake,
  RoomError,
  SpecTypeError,
  errorCodes,
  type CurrentEnvironment,
  type ErrorCode,
  type MountSpec,
  type Outcome,
  type Pool,
  type PoolCounters,
  type Room,
  type RoomProcess,
  type RoomSpec,
  type RunResult,
} from '../../dist/index.js';

// A spec: only plank and command must be there; it may be readonly all the way down.
expectAssignable<RoomSpec>({ plank: 'host', command: ['true'] });
expectAssignable<RoomSpec>({
  plank: 'host',
  command: ['true'],
  limits: { memory: '64MiB', cpus: 0.5 },
} as const);
expectAssignable<RoomSpec>({ plank: 'host', command: ['sh'], stdio: { pty: { columns: 120, rows: 40 } } });
expectAssignable<RoomSpec>({ plank: 'host', command: ['sh'], stdio: ['ignore', 'pipe', 3] });
expectNotAssignable<RoomSpec>({ plank: 'host' });
expectNotAssignable<RoomSpec>({ plank: 'host', command: 'true' });
expectNotAssignable<RoomSpec>({ plank: 'host', command: ['true'], network: 'host' });
expectNotAssignable<RoomSpec>({ plank: 'host', command: ['true'], limits: { memory: true } });
expectNotAssignable<RoomSpec>({ plank: 'host', command: ['true'], env: { A: 1 } });
// With exactOptionalPropertyTypes a default is asked for by leaving the field out.
expectNotAssignable<RoomSpec>({ plank: 'host', command: ['true'], cwd: undefined });

// A mount is of one kind.
expectAssignable<MountSpec>({ host: '/home', at: '/home', access: 'write' });
expectAssignable<MountSpec>({ tmpfs: '1GiB', at: '/scratch' });
expectAssignable<MountSpec>({ vault: 'datasets/mnist@3', at: '/data' });
expectNotAssignable<MountSpec>({ at: '/scratch' });
expectNotAssignable<MountSpec>({ host: '/home', at: '/home', access: 'rw' });

// An Anchor and its rooms.
expectType<Promise<Anchor>>(Anchor.open());
expectNotAssignable<new () => unknown>(Anchor);
declare const anchor: Anchor;
expectAssignable<AsyncDisposable>(anchor);
expectType<Promise<Room>>(anchor.spawn({ plank: 'host', command: ['true'] }));
expectType<Promise<Room>>(
  anchor.spawn({ plank: 'host', command: ['true'] }, { signal: new AbortController().signal }),
);
expectError(anchor.spawn({ plank: 'host' }));

const pool = anchor.pool({ plank: 'host' }, { size: 4, refill: 'idle' });
expectType<Pool>(pool);
expectType<PoolCounters>(pool.counters);
expectType<Promise<Room>>(pool.take({ command: ['true'], limits: { memory: '1GiB' } }));
expectError(pool.take({ command: ['true'], hostname: 'other' }));
expectError(pool.take({ limits: { disk: '1GiB' } }));
expectError(anchor.pool({ plank: 'host' }, { refill: 'never' }));
expectType<Promise<void>>(anchor.close());

declare const room: Room;
expectAssignable<AsyncDisposable>(room);
expectType<Promise<Outcome>>(room.exited);
expectType<Readable | null>(room.stdout);
expectType<Writable | null>(room.stdin);
expectType<string>(room.id);
expectType<Promise<RoomProcess>>(room.exec(['ls']));
expectError((room.id = 'other'));

// run(): text unless bytes are asked for.
expectType<Promise<RunResult>>(anchor.run({ plank: 'host', command: ['true'] }));
expectType<Promise<RunResult<Buffer>>>(
  anchor.run({ plank: 'host', command: ['true'] }, { encoding: 'buffer' }),
);

// How a room ended.
declare const outcome: Outcome;
expectAssignable<string>(outcome.reason);
expectNotAssignable<Outcome['reason']>('crashed');
for (const reason of [
  'exited',
  'signaled',
  'timed-out',
  'out-of-memory',
  'too-many-processes',
  'destroyed',
  'aborted',
  'owner-closed',
] as const) {
  expectAssignable<Outcome['reason']>(reason);
}

// Errors are told apart by code.
const thrown: unknown = new Error('any');
if (thrown instanceof RoomError) {
  expectType<ErrorCode>(thrown.code);
  expectAssignable<number | undefined>(thrown.errno);
}
if (thrown instanceof SpecTypeError) {
  expectAssignable<TypeError>(thrown);
  expectType<string>(thrown.field);
}
expectType<'The room has ended.'>(errorCodes.ERR_ROOM_ENDED);
expectNotAssignable<ErrorCode>('ERR_ROOM_ANYTHING');

// Flakes: an edit names what it changes; null takes away.
expectType<Promise<Flake>>(Flake.open('/srv/agent', { store: '/var/store', sandbox: false }));
declare const flake: Flake;
expectType<Promise<CurrentEnvironment | null>>(flake.current());
expectAssignable<Parameters<Flake['declare']>[0]>({ packages: { add: ['hello'] }, env: { A: null } });
expectAssignable<Parameters<Flake['declare']>[0]>({ packages: ['hello'], entry: { run: ['hello'] } });
expectNotAssignable<Parameters<Flake['declare']>[0]>({ packages: 'hello' });
expectAssignable<Parameters<Flake['declare']>[0]>({
  services: { web: { command: ['httpd'], ready: { port: 80 } }, old: null },
});
expectError(flake.declare({ services: { web: { ready: { port: 80 } } } }));
expectError(flake.lock({ update: 'some' }));
expectNotAssignable<new () => unknown>(Flake);
