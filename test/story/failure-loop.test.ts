// A room misbehaves and is destroyed, its declaration is edited, the plank is built anew, and a room of it has the same weights. The log of the vault tells it.
import { createHash } from 'node:crypto';
import test from 'ava';
import { Anchor, RoomError, type AuditRecord, type RoomSpec } from '../../src/index.js';
import { hideNix } from '../helpers/hide-nix.js';
import { OfflineFlake } from '../helpers/offline-flake.js';

const weights = 'models/tiny';

const path = process.env['PATH'];

/** Only what builds finds Nix. */
async function building<T>(work: () => Promise<T>): Promise<T> {
  const without = process.env['PATH'];
  process.env['PATH'] = path;
  try {
    return await work();
  } finally {
    process.env['PATH'] = without;
  }
}

/** What a record tells, without what is another thing each time. */
const told = ({ operation, phase, reference, message, code }: AuditRecord): string =>
  [operation, phase, reference, code, message?.replace(/\n.*/s, '')].filter(Boolean).join(' ');

test('destroy, edit, build, spawn with the same weights; a broken declaration changes nothing; and back', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  hideNix(t);
  const anchor = await Anchor.open({ vault: { path: offline.vault.path, record: true }, reserve: 0 });
  t.teardown(() => anchor.close());
  const vault = anchor.vault!;
  const flake = await offline.open({ plank: 'agent', vault });
  const spec = async (...command: readonly string[]): Promise<RoomSpec> => ({
    plank: 'agent',
    command,
    env: (await flake.current())!.env,
    mounts: [{ vault: weights, at: '/weights' }],
    lifetime: '1min',
  });
  /** What a room says, and the generation of the weights that it has. */
  const say = async (
    ...command: readonly string[]
  ): Promise<readonly [string, string | null | undefined]> => {
    const { stdout, stderr, outcome, room } = await anchor.run(await spec(...command));
    t.deepEqual([outcome.reason, outcome.exitCode], ['exited', 0], stderr);
    return [stdout, room.granted.mounts.find(({ at }) => at === '/weights')?.vault];
  };
  const hash = ['sha256sum', '/weights'];

  // What a room has trained stays; the room does not.
  await building(() => flake.declare({}));
  const trained = await anchor.run({
    plank: 'agent',
    command: ['sh', '-c', 'seq 1 1000 > /out/tiny'],
    mounts: [{ vault: 'models', at: '/out', access: 'write', size: '16MiB' }],
  });
  const [{ sha256 } = { sha256: '' }] = trained.outcome.dropzones[0]!.kept;
  t.is(
    sha256,
    createHash('sha256')
      .update([...Array(1000).keys()].map((n) => `${n + 1}\n`).join(''))
      .digest('hex'),
  );
  const same = [`${sha256}  /weights\n`, `${weights}@1`] as const;
  t.deepEqual(await say(...hash), same);

  // A tool is missing, and what goes on without it does not come to an end.
  const missing = await t.throwsAsync(anchor.run(await spec('count', '3')), { instanceOf: RoomError });
  t.is(missing.code, 'ERR_ROOM_COMMAND_NOT_FOUND');
  const wild = await anchor.spawn(await spec('sh', '-c', 'until count 3; do :; done'));
  await wild.destroy();
  t.is((await wild.exited).reason, 'destroyed');

  await building(() => flake.declare({ packages: { add: ['count'] }, env: { TOKEN: 'secret' } }));
  t.deepEqual(await say('count', '3'), ['1\n2\n3\n', `${weights}@1`]);
  t.deepEqual(await say(...hash), same);

  // Edited by hand, and wrongly.
  const good = offline.read('anchor.env.json');
  offline.edit('anchor.env.json', '"count"', '"cuont"');
  const broken = await t.throwsAsync<RoomError>(building(() => flake.build()));
  t.is(broken.code, 'ERR_FLAKE_DECLARATION');
  const line = good.split('\n').findIndex((each) => each.includes('"count"')) + 1;
  t.true(broken.message.startsWith(`anchor.env.json:${line}: there is no package "cuont"`), broken.message);
  t.is((await vault.inspect('planks/agent')).generation, 2);
  t.deepEqual(await say('count', '1'), ['1\n', `${weights}@1`]);

  // Mended; and then back to what was before.
  offline.write('anchor.env.json', good);
  await building(() => flake.declare({ packages: { remove: ['hello'] }, entry: { hello: null } }));
  await t.throwsAsync(anchor.run(await spec('hello')), { code: 'ERR_ROOM_COMMAND_NOT_FOUND' });
  t.deepEqual(await say(...hash), same);
  t.is((await flake.rollback()).reference, 'planks/agent@2');
  t.regex((await say('hello'))[0], /^hello from /);
  t.deepEqual(await say(...hash), same);

  await anchor.close();
  const steps: string[] = [];
  for await (const record of offline.vault.log())
    if (record.phase !== 'begin' && record.operation !== 'init') steps.push(told(record));
  const ran = (generation: number): string => `room done planks/agent@${generation} exited 0`;
  t.deepEqual(steps, [
    'put done planks/agent@1',
    'declare done planks/agent@1',
    `put done ${weights}@1`,
    ran(1),
    ran(1),
    `room failed planks/agent ERR_ROOM_COMMAND_NOT_FOUND ${missing.message}`,
    'room done planks/agent@1 destroyed',
    'put done planks/agent@2',
    'activate done planks/agent@2',
    'declare done planks/agent@2',
    ran(2),
    ran(2),
    `build failed planks/agent ERR_FLAKE_DECLARATION ${broken.message}`,
    ran(2),
    'put done planks/agent@3',
    'activate done planks/agent@3',
    'declare done planks/agent@3',
    steps[17]!,
    ran(3),
    'rollback done planks/agent@2',
    ran(2),
    ran(2),
  ]);
  t.regex(steps[17]!, /^room failed planks\/agent ERR_ROOM_COMMAND_NOT_FOUND /);
  const begun: string[] = [];
  for await (const record of offline.vault.log())
    if (record.phase === 'begin' && ['room', 'declare'].includes(record.operation)) begun.push(told(record));
  // Names of variables are told, values are not.
  t.true(begun.includes('declare begin planks/agent +packages count, +env TOKEN'), begun.join('\n'));
  t.true(begun.includes(`room begin planks/agent@3 ${weights}@1 at /weights`), begun.join('\n'));
  t.true((await offline.vault.verifyLog()).ok);
  t.true((await offline.vault.verify()).ok);
});
