import { createServer } from 'node:net';
import test from 'ava';
import { isConnection, isListener, listensOn, untilTrue } from '../../../src/room/readiness.js';

const line = (local: string, state: string): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0`;

test('lines of /proc/net/tcp', (t) => {
  t.true(isListener(line('0100007F:1F90', '0A'), 8080));
  t.true(isListener(line('00000000000000000000000001000000:1F90', '0A'), 8080));
  t.false(isListener(line('0100007F:1F90', '01'), 8080), 'a connection');
  t.false(isListener(line('0100007F:1F91', '0A'), 8080));
  t.false(isListener('  sl  local_address rem_address   st tx_queue', 8080));
  t.false(isListener('', 0));
  t.true(isConnection(line('0100007F:1F90', '01')));
  t.false(isConnection(line('0100007F:1F90', '0A')));
  t.false(isConnection('  sl  local_address rem_address   st tx_queue'));
});

test('a port of this process', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  t.true(await listensOn(process.pid, port));
  await new Promise((resolve) => server.close(resolve));
  t.false(await listensOn(process.pid, port));
  t.false(await listensOn(2 ** 22 + 1, port), 'a process that is not there');
});

test('a probe is asked until it says yes, or nobody wants to know', async (t) => {
  let asked = 0;
  await untilTrue(async () => ++asked === 3, new AbortController().signal);
  t.is(asked, 3);
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 10);
  await t.throwsAsync(
    untilTrue(async () => false, abort.signal),
    { name: 'AbortError' },
  );
  const error = new Error('no');
  await t.throwsAsync(
    untilTrue(() => Promise.reject(error), new AbortController().signal),
    { is: error },
  );
});
