import test from 'ava';
import { shareOfPids } from '../../src/host/pids.js';
import { madeUpFiles } from './made-up-files.js';

const share = (amounts: Readonly<Record<string, string>>): number | null =>
  shareOfPids(
    madeUpFiles(
      Object.fromEntries(
        Object.entries(amounts).map(([name, amount]) => [`/proc/sys/kernel/${name}`, `${amount}\n`]),
      ),
    ),
  );

test('a room has half of the process numbers of the host', (t) => {
  t.is(share({ pid_max: '32768', 'threads-max': '192730' }), 16_384);
});

test('or of the threads that it can hold, where these are fewer', (t) => {
  t.is(share({ pid_max: '4194304', 'threads-max': '63001' }), 31_500);
});

test('where only one of both is known, that counts', (t) => {
  t.is(share({ pid_max: '4194304' }), 2_097_152);
});

test('where there are hardly any, or nothing is known, the kernel is left as it is', (t) => {
  t.is(share({ pid_max: '301', 'threads-max': '192730' }), null);
  t.is(share({}), null);
  t.is(share({ pid_max: '', 'threads-max': 'many' }), null);
});
