import test from 'ava';
import { Anchor } from '../../src/index.js';
import { OfflineFlake } from '../helpers/offline-flake.js';

test('a declared service runs beside the commands of its environment', async (t) => {
  const offline = await OfflineFlake.make(t);
  const flake = await offline.open({ plank: 'agent' });
  const command = ['nc', '-ll', '-p', '4000', '-e', 'echo', 'hello'];
  const web = { command, ready: { port: 4000 } };
  const { changes } = await flake.declare({ services: { web } });
  t.deepEqual(changes, [{ field: 'services', name: 'web', after: web }]);
  const { services, env, pending } = (await flake.current())!;
  t.deepEqual([services, pending], [{ web }, []]);

  await using anchor = await Anchor.open({ vault: offline.vault.path });
  const room = { plank: 'agent', command: ['nc', '127.0.0.1', '4000'], env, services };
  const { stdout, outcome } = await anchor.run(room);
  t.is(stdout, 'hello\n');
  t.is(outcome.services[0]?.early, false);

  const bad = { db: { command: ['no-such-program'] } };
  await t.throwsAsync(flake.declare({ services: bad }), {
    message: /no package has a program "no-such-program"/,
  });
});
