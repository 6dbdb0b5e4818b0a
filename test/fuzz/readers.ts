// What TypeScript reads from outside: headers of planks, tars, seccomp profiles, specs. Whatever it is given, it returns
// or throws one of the package's own errors, and what it returns keeps its promises.
import { RoomError, SpecRangeError, SpecTypeError } from '../../src/errors.js';
import { ociPolicy } from '../../src/plan/seccomp/oci.js';
import { compilePolicy } from '../../src/plan/seccomp/compile.js';
import { runFilter } from '../../src/plan/seccomp/run.js';
import * as erofs from '../../src/plank/erofs-superblock.js';
import * as squashfs from '../../src/plank/squashfs-superblock.js';
import { recogniseForeign } from '../../src/plank/foreign-format.js';
import { TarSieve } from '../../src/plank/tar-sieve.js';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { parseSeccomp } from '../../src/spec/seccomp.js';
import { evaluatePolicy } from '../plan/seccomp/naive.js';
import { erofsBlock, profile, roomSpec, squashfsBlock, tar } from './samples.js';
import { tryFor } from './loop.js';
import { Ambush, mutate } from './mutate.js';
import type { Random } from './random.js';

/** What the work returns; undefined when it threw one of our errors. */
function ownErrors<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    expectOwn(error);
    return undefined;
  }
}

function expectOwn(error: unknown): void {
  if (error instanceof RoomError || error instanceof SpecTypeError || error instanceof SpecRangeError) return;
  if (!(error instanceof Ambush)) throw error;
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not so: ${what}`);
}

async function sieve(bytes: Buffer, random: Random): Promise<Buffer> {
  const stage = new TarSieve();
  const pieces: Buffer[] = [];
  stage.on('data', (piece: Buffer) => pieces.push(piece));
  const done = new Promise((resolve, reject) => stage.on('end', resolve).on('error', reject));
  for (let at = 0; at < bytes.length && !stage.destroyed;) {
    const next = at + 1 + random.below(random.pick([3, 513, 4096]));
    stage.write(bytes.subarray(at, next));
    at = next;
  }
  stage.end();
  await done;
  return Buffer.concat(pieces);
}

/** The rules of the kernel for a filter (bpf_check_classic, seccomp_check_filter), for the instructions that we make. */
function expectLoadable(program: Uint8Array): void {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const count = program.length / 8;
  expect(Number.isInteger(count) && count > 0 && count <= 4096, 'the kernel takes its length');
  for (let at = 0; at < count; at++) {
    const code = view.getUint16(at * 8, true);
    const k = view.getUint32(at * 8 + 4, true);
    if (code === 0x20) expect(k % 4 === 0 && k < 64, 'loads are in seccomp_data');
    if (code === 0x05) expect(at + 1 + k < count, 'far jumps stay inside');
    if ([0x15, 0x25, 0x35, 0x45].includes(code)) {
      const furthest = Math.max(view.getUint8(at * 8 + 2), view.getUint8(at * 8 + 3));
      expect(at + 1 + furthest < count, 'jumps stay inside');
    } else {
      expect([0x20, 0x54, 0x05, 0x06].includes(code), 'the instruction is known');
    }
  }
  expect(view.getUint16((count - 1) * 8, true) === 0x06, 'it ends with a return');
}

function randomArgument(random: Random): bigint {
  return (
    (BigInt(random.pick([0, 1, 2, 0x7fffffff, 0xffffffff])) << 32n) |
    BigInt(random.pick([0, 1, 40, 0xffffffff]))
  );
}

const surroundings = { capabilities: ['CAP_SYS_ADMIN'], kernel: [6, 1] } as const;

await tryFor({
  squashfs: (random) => {
    const block = random.damage(squashfsBlock);
    if (block.length < squashfs.squashfsSuperblockBytes) return;
    const superblock = squashfs.parseSquashfsSuperblock(block);
    const size = random.pick([0, 96, 4096, 2 ** 40]);
    if (squashfs.squashfsFault(superblock, size) === null)
      expect(superblock.bytesUsed <= BigInt(size), 'a sane superblock is not longer than the file');
    expect(typeof squashfs.squashfsCompression(superblock) === 'string', 'it has a compression');
  },
  erofs: (random) => {
    const block = random.damage(erofsBlock);
    if (block.length < erofs.erofsSuperblockBytes) return;
    const superblock = erofs.parseErofsSuperblock(block);
    const size = random.pick([0, 4096, 65_536, 2 ** 40]);
    if (erofs.erofsFault(superblock, size) !== null) return;
    const length = erofs.erofsChecksumBytes(superblock);
    expect(length >= 512 && length <= 65_536, 'the checksum covers a block');
    erofs.erofsChecksumFault(superblock, block.subarray(0, Math.max(8, Math.min(block.length, length))));
    expect(erofs.erofsFlags(superblock).length <= 64, 'it has flags');
    expect(erofs.erofsCompression(superblock) !== '', 'it has a compression');
  },
  foreign: (random) => {
    recogniseForeign(random.damage(random.pick([squashfsBlock, erofsBlock, tar])));
  },
  tar: async (random) => {
    const out = await sieve(random.damage(tar), random).catch(expectOwn);
    if (out === undefined) return;
    const again = await sieve(out, random);
    expect(again.equals(out), 'what the sieve lets through, it lets through as it is');
  },
  profile: (random) => {
    const mutated = mutate(profile, random);
    const checked = ownErrors(() => parseSeccomp({ profile: mutated }, 'seccomp'));
    if (checked?.kind !== 'profile') return;
    const policy = ownErrors(() => ociPolicy(checked.profile, surroundings).policy);
    // Compiling takes milliseconds.
    if (policy === undefined || !random.chance(4)) return;
    const filter = ownErrors(() => compilePolicy(policy));
    if (filter === undefined) return;
    expectLoadable(filter.program);
    for (let times = 0; times < 200; times++) {
      const number = random.chance(2) ? (policy.rules[0]?.number ?? 0) : random.below(480);
      const given = Array.from({ length: 6 }, () => randomArgument(random));
      const actual = runFilter(filter.program, { number, arguments: given });
      expect(
        actual === evaluatePolicy(policy, number, given),
        `the filter means what the policy says for ${number}`,
      );
    }
  },
  spec: (random) => {
    const mutated = mutate(roomSpec, random);
    ownErrors(() => parseRoomSpec(mutated));
  },
});
