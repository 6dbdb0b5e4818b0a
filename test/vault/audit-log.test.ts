import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Vault, type RoomError } from '../../src/index.js';
import { hashOfLine, recordLine, firstHead } from '../../src/vault/audit-record.js';
import { scratch } from '../helpers/image.js';

async function withHistory(t: ExecutionContext): Promise<{ vault: Vault; log: string; source: string }> {
  const directory = await scratch(t);
  const vault = await Vault.init(join(directory, 'vault'));
  t.teardown(() => vault.close());
  const source = join(directory, 'm');
  await writeFile(source, 'm');
  for (let count = 0; count < 3; count += 1) await vault.put('models/m', source);
  return { vault, log: join(vault.path, 'audit/audit.jsonl'), source };
}

test('what was done is in the log, in order, and its chain holds', async (t) => {
  const { vault, log } = await withHistory(t);
  const records = [];
  for await (const record of vault.log()) records.push(record);
  t.deepEqual(
    records.map(({ seq, operation, phase, reference }) => [seq, operation, phase, reference]),
    [
      [1, 'init', 'done', undefined],
      [2, 'put', 'begin', 'models/m'],
      [3, 'put', 'done', 'models/m@1'],
      [4, 'put', 'begin', 'models/m'],
      [5, 'put', 'done', 'models/m@2'],
      [6, 'put', 'begin', 'models/m'],
      [7, 'put', 'done', 'models/m@3'],
    ],
  );
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
  const { ok, head, records: count } = await vault.verifyLog();
  t.deepEqual([ok, head, count], [true, hashOfLine(lines[6]!), 7]);
  await vault.record({ operation: 'send', phase: 'begin', transaction: 'x', to: '/media/stick' });
  t.is((await vault.verifyLog()).records, 8);
});

test('a refusal is in the log too', async (t) => {
  const { vault, source } = await withHistory(t);
  await t.throwsAsync(vault.put('models/m', source, { expect: `sha256:${'0'.repeat(64)}` }));
  const records = [];
  for await (const record of vault.log()) records.push(record);
  t.like(records.at(-1), { operation: 'put', phase: 'failed', code: 'ERR_VAULT_DIGEST' });
});

const edits: readonly [string, (lines: string[]) => string[], RegExp][] = [
  [
    'a changed line',
    (lines) => lines.map((line, at) => (at === 2 ? line.replace('models/m', 'models/n') : line)),
    /audit\.jsonl:4: record 4: the line before/,
  ],
  ['a line that is gone', (lines) => lines.filter((_, at) => at !== 3), /:4: record 5: the line before/],
  [
    'lines in another order',
    (lines) => [...lines.slice(0, 3), lines[4]!, lines[3]!, ...lines.slice(5)],
    /:4: record 5/,
  ],
  ['a line that is no record', (lines) => [...lines.slice(0, 2), 'x', ...lines.slice(2)], /:3: no record/],
  ['a line too many', (lines) => [...lines.slice(0, 2), lines[1]!, ...lines.slice(2)], /:3: record 2/],
  ['no first line', (lines) => lines.slice(1), /:1: record 2/],
  ['nothing', () => [], /empty or gone/],
];

for (const [name, edit, expected] of edits) {
  test(`${name} is noticed`, async (t) => {
    const { vault, log } = await withHistory(t);
    const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
    await writeFile(
      log,
      edit(lines)
        .map((line) => `${line}\n`)
        .join(''),
    );
    const { ok, problems } = await vault.verifyLog();
    t.false(ok);
    t.regex(problems.map(({ file, line, problem }) => `${file}:${line}: ${problem}`).join('; '), expected);
    t.false((await vault.verify()).ok);
  });
}

test('half a line that a power cut left is put aside, and the log goes on', async (t) => {
  const { vault, log, source } = await withHistory(t);
  await appendFile(log, '{"v":1,"seq":8,"ti\u00e4');
  t.is((await vault.put('models/m', source)).generation, 4);
  t.true((await vault.verifyLog()).ok);
  const torn = (await readdir(join(vault.path, 'audit'))).find((name) => name.startsWith('torn-'));
  t.is(await readFile(join(vault.path, 'audit', torn ?? ''), 'utf8'), '{"v":1,"seq":8,"ti\u00e4');
});

test('with a log that cannot be continued nothing is changed, until a new one is begun', async (t) => {
  const { vault, log, source } = await withHistory(t);
  const whole = await readFile(log, 'utf8');
  await writeFile(log, `${whole}something else\n`);
  t.is((await t.throwsAsync<RoomError>(vault.put('models/m', source))).code, 'ERR_VAULT_LOG');
  await rm(log);
  t.is((await t.throwsAsync<RoomError>(vault.rollback('models/m'))).code, 'ERR_VAULT_LOG');
  t.is((await vault.inspect('models/m')).generation, 3);
  await writeFile(log, `${whole}something else\n`);
  const aside = await vault.restartLog();
  t.is(await readFile(join(aside, 'audit.jsonl'), 'utf8'), `${whole}something else\n`);
  t.is((await vault.rollback('models/m')).generation, 2);
  t.true((await vault.verifyLog()).ok);
});

test('a long log goes on in another file, and a clock that goes backwards changes nothing', async (t) => {
  const { vault, log, source } = await withHistory(t);
  // A history of the future, as long as a file may be.
  const lines: string[] = [];
  let head = firstHead;
  for (let seq = 1; lines.length * 4000 < 16 << 20; seq += 1) {
    const entry = {
      operation: 'test',
      phase: 'done',
      transaction: 'x',
      reference: 'x'.repeat(4000),
    } as const;
    const line = recordLine(entry, seq, head).replace(/"time":"2/, '"time":"3');
    lines.push(line);
    head = hashOfLine(line);
  }
  await writeFile(log, `${lines.join('\n')}\n`);
  await vault.put('models/m', source);
  const names = await readdir(join(vault.path, 'audit'));
  t.deepEqual(names.sort(), [`audit-${String(lines.length).padStart(12, '0')}.jsonl`, 'audit.jsonl']);
  const { ok, records } = await vault.verifyLog();
  t.deepEqual([ok, records], [true, lines.length + 2]);
});
