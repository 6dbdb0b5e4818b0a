import test from 'ava';
import { hostDirectory, lines } from '../helpers/room.js';
import { usePrograms } from './program-rooms.js';

const rooms = usePrograms(test);

for (const journal of ['delete', 'wal'])
  test(`sqlite3: four processes write to one database, journal ${journal}`, async (t) => {
    const output = await rooms.output(
      t,
      `cd /tmp && sqlite3 data.db 'pragma journal_mode=${journal}' 'create table items (writer, n)'
       for writer in 1 2 3 4; do
         sqlite3 -cmd '.timeout 60000' data.db "with recursive c(n) as (select 1 union all select n + 1 from c where n < 100)
           insert into items select $writer, n from c" &
       done; wait
       sqlite3 data.db 'select count(*), sum(n) from items' 'pragma integrity_check'`,
    );
    t.deepEqual(lines(output), [journal, '400|20200', 'ok']);
  });

test('sqlite3: JSON, full text search, a backup, a mapped database', async (t) => {
  const output = await rooms.output(
    t,
    `cd /tmp && sqlite3 data.db "create virtual table notes using fts5(text)" \\
       "insert into notes values ('rooms on planks'), ('planks of wood')" "select count(*) from notes where notes match 'rooms'" \\
       "select json_extract('{\\"a\\": [1, 2]}', '$.a[1]')" ".backup copy.db"
     sqlite3 copy.db 'pragma mmap_size=1048576' 'select count(*) from notes'`,
  );
  t.deepEqual(lines(output), ['1', '2', '1048576', '2']);
});

test('sqlite3: a database of the host, mounted to be written', async (t) => {
  const host = await hostDirectory(t);
  const mounts = [{ host, at: '/data', access: 'write' as const }];
  const line =
    "sqlite3 /data/data.db 'pragma journal_mode=wal' 'create table if not exists runs (n)' 'insert into runs values (1)' 'select sum(n) from runs'";
  t.deepEqual(lines(await rooms.output(t, line, { mounts })), ['wal', '1']);
  t.deepEqual(lines(await rooms.output(t, line, { mounts })), ['wal', '2']);
});
