// What was written to a device is recorded, write by write (dm-log-writes), while a vault or a capsule is changed on it. Then each
// state that a power cut could have left is made from the record and mounted: all writes up to one, and of those that no flush had
// made sure of, any that chance picks. The old state or the new one is there, whole; the new one if somebody was told so.
//
// ANCHOR_TESTS=whole: every state.
import { closeSync, copyFileSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { packCapsule, Vault, verifyCapsule, type CapsuleRequest } from '../../../src/index.js';
import { sample } from '../../capsule/sample.js';
import { changes, prepare } from '../../fault/helpers/vault-changes.js';
import { problemsOf } from '../../fault/helpers/vault-problems.js';
import { whole } from '../../helpers/extent.js';
import { scratch } from '../../helpers/image.js';
import { attachLoop, emptyFile, guestProgram, MappedDisk } from '../../helpers/mapped-disk.js';
import { WriteRecord, type RecordedWrite } from '../../helpers/write-record.js';

const mostPrefixes = whole ? Infinity : 14;
const mostPicked = whole ? 200 : 10;
const mostLying = whole ? 40 : 8;

interface Subject {
  readonly format: 'ext4' | 'vfat';
  readonly megabytes: number;
  fill(mount: string): Promise<void>;
  change(mount: string): Promise<unknown>;
  problems(mount: string, told: boolean): Promise<string[]>;
}

/** Numbers that are the same each time. */
function chance(seed: number): () => boolean {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 31 === 1;
  };
}

async function tried(t: ExecutionContext, subject: Subject): Promise<void> {
  const disk = new MappedDisk(t, subject.format, subject.megabytes);
  const recorded = attachLoop(emptyFile(join(disk.directory, 'record'), 4 * subject.megabytes * 2 ** 20));
  disk.becomes(`log-writes ${disk.below} ${recorded}`);
  disk.makeFileSystem();
  disk.attach();
  await subject.fill(disk.mount);
  disk.detach();
  disk.attach();
  disk.message('mark begin');
  await subject.change(disk.mount);
  disk.message('mark told');
  disk.detach();
  disk.end();
  guestProgram('losetup', '-d', recorded);

  const record = new WriteRecord(join(disk.directory, 'record'));
  t.teardown(() => record.close());
  const begin = record.writes.findIndex(({ mark }) => mark === 'begin');
  const told = record.writes.findIndex(({ mark }) => mark === 'told');
  t.true(begin > 0 && told > begin + 5, `${begin} and ${told} of ${record.writes.length}`);
  const states = new States(disk, record, subject, begin);

  const step = Math.max(1, (told - begin) / mostPrefixes);
  const prefixes = new Set([told]);
  for (let at = begin; at < told; at += step) prefixes.add(Math.floor(at));
  const found: string[] = [];
  let count = 0;
  for (const end of [...prefixes].sort((left, right) => left - right)) {
    found.push(...(await states.look(end, end, () => true, end >= told)));
    count += 1;
  }
  // Until a flush ends, any of the writes before it may be on the disk, or not.
  const flushes = record.writes.map((write, at) => (at > begin && at <= told && sure(write) ? at : -1));
  const ends = flushes.filter((at) => at > 0);
  for (let nth = 0; nth < mostPicked; nth += 1) {
    const at = Math.floor((nth * ends.length) / mostPicked);
    const [from, to] = [Math.max(begin, ends[at - 1] ?? begin), ends[at] ?? told];
    found.push(...(await states.look(from, to, chance(nth), false)));
    count += 1;
  }
  // The control: a device that flushes nothing may have lost anything since the beginning, and whoever was told is deceived.
  let lying = 0;
  for (let nth = 0; nth < mostLying; nth += 1)
    lying += (await states.look(begin, told, chance(nth), true)).length;
  t.log(
    `${record.writes.length} writes, ${ends.length} flushes; ${count} states, ${found.length} violations; without flushes ${lying} in ${mostLying} states`,
  );
  t.deepEqual(found, []);
  t.true(lying > 0);
}

function sure({ flush, fua }: RecordedWrite): boolean {
  return flush || fua;
}

class States {
  readonly #mount: string;

  constructor(
    private readonly disk: MappedDisk,
    private readonly record: WriteRecord,
    private readonly subject: Subject,
    begin: number,
  ) {
    this.#mount = join(disk.directory, 'look');
    mkdirSync(this.#mount);
    emptyFile(this.#at('begin'), disk.sectors * 512);
    this.#apply('begin', 0, begin, () => true);
  }

  /** All writes up to `from`, and of those from there up to `to` the ones that are picked. */
  async look(from: number, to: number, pick: () => boolean, told: boolean): Promise<string[]> {
    const begin = this.record.writes.findIndex(({ mark }) => mark === 'begin');
    copyFileSync(this.#at('begin'), this.#at('state'));
    this.#apply('state', begin, from, () => true);
    this.#apply('state', from, to, pick);
    const loop = attachLoop(this.#at('state'));
    try {
      guestProgram('mount', '-t', this.subject.format, '-o', 'noatime', loop, this.#mount);
      try {
        const problems = await this.subject.problems(this.#mount, told);
        return problems.map((problem) => `${from}-${to}: ${problem}`);
      } finally {
        guestProgram('umount', this.#mount);
      }
    } catch (error) {
      return [`${from}-${to}: ${String(error)}`];
    } finally {
      guestProgram('losetup', '-d', loop);
      rmSync(this.#at('state'));
    }
  }

  #apply(name: string, from: number, to: number, pick: () => boolean): void {
    const image = openSync(this.#at(name), 'r+');
    for (const write of this.record.writes.slice(from, to)) if (pick()) this.record.apply(image, write);
    closeSync(image);
  }

  #at(name: string): string {
    return join(this.disk.directory, name);
  }
}

test.serial('a put into a vault on ext4, write by write', async (t) => {
  t.timeout(1_200_000);
  const sources = await scratch(t);
  const [change] = changes;
  if (change === undefined) return t.fail();
  await tried(t, {
    format: 'ext4',
    megabytes: 24,
    fill: (mount) => prepare(join(mount, 'vault'), sources),
    async change(mount) {
      await using vault = await Vault.open(join(mount, 'vault'));
      await vault.put('models/tiny', join(sources, 'new'));
    },
    problems: (mount, told) => problemsOf(join(mount, 'vault'), change, told, sources),
  });
});

test.serial('a capsule that is packed onto FAT32, write by write', async (t) => {
  t.timeout(1_200_000);
  const { request } = await sample(t);
  const onto = (mount: string): CapsuleRequest => ({
    ...request,
    output: join(mount, 'tiny.capsule'),
    split: '60kB',
  });
  await tried(t, {
    format: 'vfat',
    megabytes: 40,
    fill: async () => {},
    change: (mount) => packCapsule(onto(mount)),
    async problems(mount, told) {
      const verified = await verifyCapsule(join(mount, 'tiny.capsule')).catch(() => null);
      if (verified === null) return told ? ['told, and not there'] : [];
      return verified.ok ? [] : ['there, and not whole'];
    },
  });
});
