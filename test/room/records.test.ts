import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Anchor, Vault } from '../../src/index.js';
import { scratch } from '../helpers/image.js';

test('rooms are in the log of a vault that asks for it; one that cannot be recorded is none', async (t) => {
  const path = join(await scratch(t), 'vault');
  await using vault = await Vault.init(path);
  const seen = async (): Promise<readonly string[]> => {
    const lines: string[] = [];
    for await (const { operation, phase, from, code, message = '' } of vault.log())
      if (operation === 'room')
        lines.push(`${phase} ${code ?? from ?? ''} ${code === undefined ? message : ''}`.trim());
    return lines;
  };
  {
    await using silent = await Anchor.open({ vault: path, reserve: 0 });
    await silent.run({ plank: 'host', command: ['true'] });
  }
  t.deepEqual(await seen(), []);

  await using anchor = await Anchor.open({ vault: { path, record: true }, reserve: 0 });
  const { room } = await anchor.run({ plank: 'host', command: ['sh', '-c', 'exit 3'] });
  await t.throwsAsync(anchor.run({ plank: 'host', command: ['no-such-program'] }));
  t.deepEqual(await seen(), [
    `begin room ${room.id}`,
    `done room ${room.id} exited 3`,
    'failed ERR_ROOM_COMMAND_NOT_FOUND',
  ]);

  await appendFile(join(path, 'audit/audit.jsonl'), 'no record\n');
  await t.throwsAsync(anchor.spawn({ plank: 'host', command: ['sleep', '1000'] }), { code: 'ERR_VAULT_LOG' });
  t.is(anchor.rooms.size, 0);
});
