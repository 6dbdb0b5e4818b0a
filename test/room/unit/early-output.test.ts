import test from 'ava';
import { Socket } from 'node:net';
import { closeSync, fstatSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Stdio } from '../../../src/room/stdio.js';
import { makePipe } from './fakes.js';

const lender = { own() {}, discard: (fd: number) => closeSync(fd) };

// One after the other: each looks whether a number is still that of its descriptor.

/** A stream that was made before anybody asked for it, and when it was heard of. */
function early(): {
  out: ReturnType<typeof makePipe>;
  stdio: Stdio;
  heard: Promise<void>;
  times: () => number;
} {
  const out = makePipe();
  const stdio = new Stdio({ stdin: -1, stdout: out.readEnd, stderr: -1 }, false, lender);
  let times = 0;
  const heard = new Promise<void>((resolve) =>
    stdio.prepare(() => {
      times++;
      resolve();
    }),
  );
  // An early stream keeps no event loop alive by itself.
  const alive = setInterval(() => {}, 1000);
  return { out, stdio, heard: heard.finally(() => clearInterval(alive)), times: () => times };
}

test.serial('what comes before anybody asks is told once, and there when somebody does', async (t) => {
  const { out, stdio, heard, times } = early();
  writeSync(out.writeEnd, 'first ');
  await heard;
  writeSync(out.writeEnd, 'second');
  await pause(5);
  closeSync(out.writeEnd);
  t.is(await text(stdio.stdout), 'first second');
  t.is(times(), 1);
});

test.serial('an end that nobody has asked for waits for whoever asks', async (t) => {
  const { out, stdio, heard } = early();
  closeSync(out.writeEnd);
  await heard;
  await pause(5);
  const { stdout } = stdio;
  t.false(stdout?.destroyed);
  const ended = new Promise((resolve) => stdout?.once('close', resolve));
  stdout?.resume();
  await ended;
  t.throws(() => fstatSync(out.readEnd), { code: 'EBADF' });
});

test.serial('what was read ahead comes before the rest, also after the end of the process', async (t) => {
  const { out, stdio, heard } = early();
  writeSync(out.writeEnd, 'first ');
  await heard;
  writeSync(out.writeEnd, 'second ');
  stdio.settle(false);
  await pause(5);
  writeSync(out.writeEnd, 'third');
  closeSync(out.writeEnd);
  t.is(await text(stdio.stdout), 'first second third');
});

test.serial('all of it is kept without its fd when nobody can write any more', async (t) => {
  const { out, stdio, heard } = early();
  writeSync(out.writeEnd, 'first ');
  await heard;
  writeSync(out.writeEnd, 'second');
  closeSync(out.writeEnd);
  stdio.settle(false);
  await pause(5);
  t.throws(() => fstatSync(out.readEnd), { code: 'EBADF' });
  t.is(await text(stdio.stdout), 'first second');
});

test.serial('whoever reads nothing ahead holds up the writer all the same', async (t) => {
  const { out, stdio } = early();
  const most = 4 * 1024 * 1024;
  const writer = new Socket({ fd: out.writeEnd, readable: false, writable: true });
  writer.write(Buffer.alloc(most));
  await pause(50);
  t.true(writer.writableLength > most / 2, 'most of it is still here');
  writer.end();
  t.is((await text(stdio.stdout)).length, most);
});

async function text(stream: AsyncIterable<unknown> | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
