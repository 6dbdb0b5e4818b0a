import test from 'ava';
import { closeSync, fstatSync, readSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Stdio } from '../../../src/room/stdio.js';
import { makePipe } from './fakes.js';

const lender = { own() {}, discard: (fd: number) => closeSync(fd) };

const none = { stdin: -1, stdout: -1, stderr: -1 };

test('streams are made when asked for, once', async (t) => {
  const out = makePipe();
  const stdio = new Stdio({ ...none, stdout: out.readEnd }, false, lender);
  t.is(stdio.stdin, null);
  t.is(stdio.stderr, null);
  const { stdout } = stdio;
  t.is(stdio.stdout, stdout);
  writeSync(out.writeEnd, 'hello');
  closeSync(out.writeEnd);
  t.is(await text(stdout), 'hello');
  t.is(stdio.master, -1);
});

test('a reader that is slow holds up the writer', async (t) => {
  const input = makePipe();
  const { stdin } = new Stdio({ ...none, stdin: input.writeEnd }, false, lender);
  t.truthy(stdin);
  let wrote = 0;
  while (stdin?.write(Buffer.alloc(16 * 1024)) === true && wrote < 64) wrote++;
  t.true(wrote < 64, 'write() said to wait');
  const drained = new Promise((resolve) => stdin?.once('drain', resolve));
  const buffer = Buffer.alloc(64 * 1024);
  const reading = setInterval(() => readSync(input.readEnd, buffer), 1);
  await drained;
  clearInterval(reading);
  stdin?.destroy();
  closeSync(input.readEnd);
});

test('a room that stops reading does not crash its owner', async (t) => {
  const input = makePipe();
  const { stdin } = new Stdio({ ...none, stdin: input.writeEnd }, false, lender);
  closeSync(input.readEnd);
  const failure = await new Promise<Error | null | undefined>((resolve) => stdin?.write('hello?', resolve));
  t.is((failure as NodeJS.ErrnoException).code, 'EPIPE');
});

test('what a process left behind goes on writing after its end', async (t) => {
  const out = makePipe();
  const stdio = new Stdio({ ...none, stdout: out.readEnd }, false, lender);
  writeSync(out.writeEnd, 'first ');
  stdio.settle(false);
  await pause(5);
  writeSync(out.writeEnd, 'second');
  closeSync(out.writeEnd);
  t.is(await text(stdio.stdout), 'first second');
});

test('a process that left nobody behind leaves no fd either', async (t) => {
  const out = makePipe();
  const stdio = new Stdio({ ...none, stdout: out.readEnd }, false, lender);
  writeSync(out.writeEnd, 'all');
  closeSync(out.writeEnd);
  stdio.settle(false);
  await pause(5);
  t.throws(() => fstatSync(out.readEnd), { code: 'EBADF' });
  t.is(await text(stdio.stdout), 'all');
});

test('destroying a room closes what nobody reads', async (t) => {
  const out = makePipe();
  const err = makePipe();
  const stdio = new Stdio({ ...none, stdout: out.readEnd, stderr: err.readEnd }, false, lender);
  const { stdout } = stdio;
  writeSync(err.writeEnd, 'unread');
  closeSync(out.writeEnd);
  closeSync(err.writeEnd);
  stdio.discard();
  t.true(stdout?.destroyed);
  await pause(5);
  t.throws(() => fstatSync(out.readEnd), { code: 'EBADF' });
  t.throws(() => fstatSync(err.readEnd), { code: 'EBADF' });
});

async function text(stream: AsyncIterable<unknown> | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
