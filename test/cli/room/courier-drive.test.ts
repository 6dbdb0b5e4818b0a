// The question whether something may leave on a drive, asked on a terminal.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { loopDrive } from '../../helpers/loop-drive.js';
import { anchor, Terminal } from '../anchor-command.js';

test.serial('asked on a terminal: no is no, yes sends; without a terminal only --yes does', async (t) => {
  const drive = await loopDrive(t, 'ext4', 16, ['-L', 'a\x1b]0;x\x07b']);
  const source = join(drive.directory, 'tiny.gguf');
  await writeFile(source, 'weights');
  const args = ['courier', 'send', source, '--to', drive.path];
  const silent = await anchor(args);
  t.is(silent.code, 3);
  t.regex(silent.stderr, /nobody consented/);

  const no = new Terminal(args);
  const shown = await no.until('Send it? [y/N] ');
  t.true(shown.includes('"a\\u001b]0;x\\u0007b"'), 'the label cannot act on the terminal');
  t.true(shown.includes('tiny.gguf.parcel'));
  no.type('n\r');
  t.is((await no.ended).code, 3);

  const yes = new Terminal(args);
  await yes.until('Send it? [y/N] ');
  yes.type('y\r');
  const end = await yes.ended;
  t.is(end.code, 0, yes.shown);
  t.true(yes.shown.includes('it may be pulled out'));
  t.false(yes.shown.includes('\x1b]0;'));

  const listed = await anchor(['courier', 'list', '--all', '--look']);
  t.true(listed.stdout.includes('    tiny.gguf.parcel\n'), listed.stdout);
  t.false(listed.stdout.includes('\x1b'));
  const more = await anchor([...args, '--yes', '--name', 'more']);
  t.is(more.code, 0, more.stderr);
  t.regex((await anchor(['courier', 'eject', drive.path])).stdout, /may be pulled out\n$/);
});

test.serial('interrupted at the question: nothing is sent', async (t) => {
  const drive = await loopDrive(t, 'ext4', 16);
  const source = join(drive.directory, 'tiny.gguf');
  await writeFile(source, 'weights');
  const asked = new Terminal(['courier', 'send', source, '--to', drive.path]);
  await asked.until('Send it? [y/N] ');
  asked.type('\x03');
  t.is((await asked.ended).code, 130);
  const listed = await anchor(['courier', 'list', '--all', '--look']);
  t.false(listed.stdout.includes('tiny.gguf.parcel'));
});
