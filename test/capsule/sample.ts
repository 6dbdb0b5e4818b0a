import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { CapsuleRequest } from '../../src/capsule/pack-request.js';
import { packCapsule, type PackedCapsule } from '../../src/capsule/pack.js';
import { buildPlank } from '../../src/plank/build.js';
import { scratch } from '../helpers/image.js';

/** What tagmanifest-sha256.txt lists of every capsule. */
export const listedTags = [
  'README.txt',
  'assembled-sha256.txt',
  'bag-info.txt',
  'bagit.txt',
  'capsule.json',
  'manifest-sha256.txt',
];

/** Bytes that are the same each time and do not repeat soon. */
export function someBytes(length: number, seed = 1): Buffer {
  let state = seed;
  return Buffer.from(
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    }),
  );
}

/** Everything that can be in a capsule, in a directory that goes away with the test. */
export async function sample(t: ExecutionContext): Promise<{ directory: string; request: CapsuleRequest }> {
  const directory = await scratch(t);
  const at = (...names: string[]): string => join(directory, ...names);
  await mkdir(at('tree'));
  await writeFile(at('tree/hello'), 'hello\n');
  await buildPlank({ source: at('tree'), output: at('room.sqsh') });
  await writeFile(at('tiny.gguf'), someBytes(100_000));
  await mkdir(at('net/config'), { recursive: true });
  await mkdir(at('net/logs'));
  await writeFile(at('net/README.md'), '# A net\n');
  await writeFile(at('net/config/Model A%.json'), '{}');
  await writeFile(at('net/config/run.sh'), '#!/bin/sh\n');
  await chmod(at('net/config/run.sh'), 0o755);
  await writeFile(at('net/config/empty'), '');
  await mkdir(at('flake'));
  await writeFile(at('flake/flake.nix'), '{ outputs = _: { }; }\n');
  await writeFile(at('flake/flake.lock'), '{"nodes":{"root":{}},"root":"root","version":7}\n');
  await mkdir(at('flake/lib'));
  await writeFile(at('flake/lib/default.nix'), '{ }\n');
  await writeFile(at('flake/anchor.env.json'), '{ "format": 1 }\n');
  // Not taken.
  await mkdir(at('flake/.git'));
  await writeFile(at('flake/.git/HEAD'), 'ref: refs/heads/main\n');
  await symlink('/nix/store/0123456789abcdfghijklmnpqrsvwxyz-room', at('flake/result'));
  const request: CapsuleRequest = {
    output: at('tiny.capsule'),
    room: { plank: at('room.sqsh'), command: ['hello'], env: { SEED: '7', A: 'b' } },
    plank: at('room.sqsh'),
    weights: { 'tiny.gguf': at('tiny.gguf'), net: at('net') },
    flake: at('flake'),
    date: '2026-11-21',
  };
  return { directory, request };
}

/** The same, packed. */
export async function packedSample(
  t: ExecutionContext,
  more: Partial<CapsuleRequest> = {},
): Promise<{ directory: string; request: CapsuleRequest; packed: PackedCapsule }> {
  const { directory, request } = await sample(t);
  const packed = await packCapsule({ ...request, ...more });
  return { directory, request, packed };
}
