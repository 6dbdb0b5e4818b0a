// Class 15: abstract Unix sockets and loopback services of the host are reached, because its network namespace is shared
// (CVE-2020-15257 containerd-shim).
// Rule: every room is in a network namespace of its own, which no room had before; there is no way to ask for the host's.
//   Child enters it first of all: the flags of StartRoom() in native/launch/init_process.cc; MakeNetworkNamespace() in
//   native/launch/network_namespace.cc makes them; checkNetwork() in src/spec/network.ts refuses everything but "none".
// Mutation: in StartRoom() of native/launch/init_process.cc leave out CLONE_NEWNET (with --match='*abstract*': the other tests would reach
//   for the network of the machine); or in checkNetwork() accept "host".
import { once } from 'node:events';
import { execFile } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import type { RoomSpec } from '../../src/index.js';
import { lines, until, useRooms } from '../helpers/room.js';
import { armed, attack, hostileProgram } from './helpers/hostile-program.js';
import { saidBy } from './helpers/two-rooms.js';

const rooms = useRooms(test);
const run = promisify(execFile);

/** A server of the host, and how many came. */
async function listen(t: ExecutionContext, ...where: Parameters<Server['listen']>): Promise<() => number> {
  let came = 0;
  const server = createServer((socket) => {
    came++;
    socket.destroy();
  });
  server.listen(...where);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return () => came;
}

/** What the same program says when it is no room's. */
async function onHost(address: string): Promise<string> {
  return (await run(await hostileProgram(), ['reach', address])).stdout.trim();
}

/** Abstract names that are bound on the host now, those that Anchors hold for their id ranges among them. */
function abstractNames(): string[] {
  return lines(readFileSync('/proc/net/unix', 'utf8')).flatMap((line) => / (@\S+)$/.exec(line)?.[1] ?? []);
}

const kinds: readonly Partial<RoomSpec>[] = [{}, { user: 'app' }, { identity: 'host' }];

for (const [index, more] of kinds.entries())
  test(`no abstract socket of the host can be reached, as ${JSON.stringify(more)}`, async (t) => {
    await rooms.output(t, 'true');
    const name = `anchor-escape-${process.pid}-${index}`;
    const came = await listen(t, `\0${name}`);
    const names = abstractNames();
    const own = names.find((each) => each.startsWith(`@${name}`)) ?? '';
    t.is(await onHost(own), `${own} reached`, 'it can be reached from where it may be');
    await until(() => came() === 1);
    t.true(
      names.some((each) => each.startsWith('@anchor-rooms/ids/')),
      'claims of id ranges are such sockets',
    );
    const results = await attack(t, rooms, ['reach', ...names], more);
    t.is(results.length, names.length);
    t.deepEqual(
      results.filter((line) => !line.endsWith(' ECONNREFUSED')),
      [],
    );
    t.is(came(), 1);
  });

test('no address of the host leads to it', async (t) => {
  // Only on loopback: nothing outside of this machine shall be able to come.
  const four = createServer().listen(0, '127.0.0.1');
  await once(four, 'listening');
  t.teardown(() => four.close());
  const { port } = four.address() as AddressInfo;
  const datagrams = createSocket('udp4');
  let came = 0;
  four.on('connection', () => came++);
  datagrams.on('message', () => came++).bind(port, '127.0.0.1');
  await once(datagrams, 'listening');
  t.teardown(() => datagrams.close());
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const addresses = new Set([
    '127.0.0.1',
    '127.1.2.3',
    '0.0.0.0',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '169.254.169.254',
  ]);
  for (const { address, scopeid } of own) if (!scopeid) addresses.add(address);
  t.is(await onHost(`tcp:127.0.0.1:${port}`), `tcp:127.0.0.1:${port} reached`);
  t.is(await onHost(`udp:127.0.0.1:${port}`), `udp:127.0.0.1:${port} reached`);
  await until(() => came === 2);
  const targets = [...addresses].flatMap((address) => [`tcp:${address}:${port}`, `udp:${address}:${port}`]);
  for (const more of [{}, { identity: 'host' }] as const) {
    const results = await attack(t, rooms, ['reach', ...targets], more);
    t.is(results.length, targets.length);
    // To its own loopback a room may send what it likes.
    t.deepEqual(
      results.filter((line) => line.endsWith(' reached') && !/^udp:(127\.|0\.0\.0\.0|::)/.test(line)),
      [],
    );
  }
  t.is(came, 2);
});

test('what a room listens on is out of reach for the host', async (t) => {
  const room = await rooms.anchor.spawn(
    rooms.spec(['hostile', 'leave', 'unix', '@left-by-a-room'], await armed()),
  );
  t.teardown(() => room.destroy());
  await once(room.stdout!, 'data');
  t.is(await saidBy(room, ['hostile', 'look', 'unix', '@left-by-a-room']), 'met');
  t.false(abstractNames().includes('@left-by-a-room'));
});

test('there is no other network to be asked for', async (t) => {
  for (const network of ['host', 'none ', 'HOST', 'bridge', true, null, {}, ['none'], { kind: 'host' }]) {
    const spec = { ...rooms.shell('true'), network } as unknown as RoomSpec;
    const error = await t.throwsAsync(rooms.anchor.spawn(spec));
    t.regex((error as { code?: string }).code ?? '', /^ERR_ROOM_SPEC_(TYPE|VALUE)$/, JSON.stringify(network));
  }
});

test('a network namespace is not used twice', async (t) => {
  const names = await Promise.all(
    Array.from({ length: 8 }, async () =>
      rooms.output(t, 'readlink /proc/self/ns/net; hostile leave unix @used & sleep 0.05', await armed()),
    ),
  );
  t.is(new Set(names.map((text) => lines(text)[0])).size, 8);
  const later = await attack(t, rooms, ['reach', '@used']);
  t.deepEqual(later, ['@used ECONNREFUSED']);
});
