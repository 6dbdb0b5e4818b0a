import test from 'ava';
import { readFileSync } from 'node:fs';
import { HEAD_BYTES, requirementOf } from '../../../src/room/missing.js';

const script = (text: string) => requirementOf(Buffer.from(text));

test('the interpreter of a script', (t) => {
  t.deepEqual(script('#!/bin/sh\nexit\n'), { kind: 'interpreter', path: '/bin/sh' });
  t.deepEqual(script('#! \t/usr/bin/env python3\n'), { kind: 'interpreter', path: '/usr/bin/env' });
  t.deepEqual(script('#!/bin/sh'), { kind: 'interpreter', path: '/bin/sh' });
  t.deepEqual(script('#!bin/relative -x\n'), { kind: 'interpreter', path: 'bin/relative' });
});

test('Windows line ends are part of the name, as for the kernel', (t) => {
  t.deepEqual(script('#!/bin/sh\r\necho\r\n'), { kind: 'interpreter', path: '/bin/sh\r' });
});

test('a line without an interpreter', (t) => {
  t.is(script('#!\n/bin/sh\n'), null);
  t.is(script('#!   '), null);
  t.is(script('echo hello\n'), null);
  t.is(script(''), null);
});

test('a path is cut where the kernel cuts it', (t) => {
  const found = script(`#!/${'x'.repeat(400)}\n`);
  t.is(found?.path.length, 254);
});

/** An ELF file of 64 or 32 bits, little or big endian, with one program header. */
function elf(options: {
  wide: boolean;
  little: boolean;
  type?: number;
  interp?: string;
  at?: number;
}): Uint8Array {
  const { wide, little, type = 3, interp = '/lib/ld.so\0', at = 256 } = options;
  const bytes = new Uint8Array(512);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2]);
  const table = 64;
  if (wide) view.setBigUint64(32, BigInt(table), little);
  else view.setUint32(28, table, little);
  view.setUint16(wide ? 54 : 42, wide ? 56 : 32, little);
  view.setUint16(wide ? 56 : 44, 1, little);
  view.setUint32(table, type, little);
  if (wide) {
    view.setBigUint64(table + 8, BigInt(at), little);
    view.setBigUint64(table + 32, BigInt(interp.length), little);
  } else {
    view.setUint32(table + 4, at, little);
    view.setUint32(table + 16, interp.length, little);
  }
  if (at + interp.length <= bytes.length) bytes.set(Buffer.from(interp), at);
  return bytes;
}

for (const wide of [true, false]) {
  for (const little of [true, false]) {
    test(`the loader of an ELF program, ${wide ? 64 : 32} bits, ${little ? 'little' : 'big'} endian`, (t) => {
      t.deepEqual(requirementOf(elf({ wide, little })), { kind: 'loader', path: '/lib/ld.so' });
    });
  }
}

test('a static program needs nothing', (t) => {
  t.is(requirementOf(elf({ wide: true, little: true, type: 1 })), null);
});

test('headers that point anywhere are no trouble', (t) => {
  t.is(requirementOf(elf({ wide: true, little: true, at: 1 << 30 })), null);
  t.is(requirementOf(elf({ wide: true, little: true, interp: '\0' })), null);
  for (let length = 4; length < 120; length++) {
    t.is(requirementOf(elf({ wide: true, little: true }).subarray(0, length)), null);
  }
});

test('a view into a larger buffer is read at its own offset', (t) => {
  const padded = new Uint8Array(600);
  padded.set(elf({ wide: true, little: true }), 88);
  t.deepEqual(requirementOf(padded.subarray(88)), { kind: 'loader', path: '/lib/ld.so' });
});

test('the program that runs this test', (t) => {
  const head = readFileSync(process.execPath).subarray(0, HEAD_BYTES);
  t.regex(requirementOf(head)?.path ?? '', /^\/.*ld-/);
});
