import type { TreeEntry } from '../../types/addon.js';
import { errorFromNative } from '../addon/refusal.js';
import type { RoomError } from '../errors.js';
import type { LogVerification } from './audit-log.js';
import type { VaultCore } from './core.js';
import { shownName } from './file-names.js';
import type { Located } from './generations.js';
import { metaName } from './layout.js';
import type { VerifiedNix } from './nix-verify.js';
import type { GenerationMeta, StoredFile } from './meta.js';
import { referenceText } from '../spec/vault-reference.js';
import { emptyDirectories } from './source.js';
import { contentRoot, readBack, storedMode } from './stored-files.js';
import type { TransferOptions } from './transfer.js';

/** Something that is not as it was stored. */
export interface VerifyProblem {
  /** Below the directory of the generation; empty for the generation itself. */
  readonly path: string;
  readonly problem: 'changed' | 'missing' | 'extra' | 'unreadable' | 'mode' | 'meta' | 'link';
  readonly detail: string;
}

/** One generation, looked at. */
export interface VerifiedGeneration {
  readonly reference: string;
  readonly ok: boolean;
  readonly bytes: number;
  readonly problems: readonly VerifyProblem[];
}

export interface VaultVerification {
  readonly ok: boolean;
  readonly generations: readonly VerifiedGeneration[];
  /** Bytes that were read back. */
  readonly bytes: number;
  /** What rooms have built; null: only some generations were asked for. */
  readonly nix: VerifiedNix | null;
  readonly log: LogVerification;
}

const mostFiles = 1_000_000;

/** Which meta.json the log says was written, by `kind/name@generation`. */
export async function writtenMetas(core: VaultCore): Promise<ReadonlyMap<string, string>> {
  const metas = new Map<string, string>();
  for await (const { operation, phase, reference, meta } of core.audit.read()) {
    if (operation === 'put' && phase === 'done' && reference !== undefined && meta !== undefined)
      metas.set(reference, meta);
  }
  return metas;
}

/** Compares a generation with its meta.json, and that with the log: names, modes, and every byte, read back from the disk. */
export async function verifyGeneration(
  core: VaultCore,
  located: Located,
  metas: ReadonlyMap<string, string>,
  options: TransferOptions,
): Promise<VerifiedGeneration> {
  const reference = referenceText(located);
  const { kind, name, generation } = located;
  const directory = core.layout.generation(kind, name, generation);
  const problems: VerifyProblem[] = [];
  const end = (bytes: number): VerifiedGeneration => ({
    reference,
    ok: problems.length === 0,
    bytes,
    problems,
  });
  let meta: GenerationMeta;
  try {
    const read = await core.generations.meta(located);
    meta = read.meta;
    const written = metas.get(reference);
    if (written === undefined)
      problems.push(say(metaName, 'meta', 'the log does not say that it was stored'));
    else if (written !== read.digest)
      problems.push(say(metaName, 'meta', 'it is not the one that was written'));
  } catch (error) {
    problems.push(say(metaName, 'meta', (error as RoomError).message));
    return end(0);
  }
  let entries: readonly TreeEntry[];
  try {
    entries = await core.addon.listTree(directory, mostFiles);
  } catch (error) {
    problems.push(say('', 'unreadable', (errorFromNative(error) as Error).message));
    return end(0);
  }
  const present = compareNames(meta, entries, problems);
  const root = contentRoot(directory, meta);
  for (const file of await unlike(core, root, present, options, problems))
    problems.push(say(file.path, 'changed', 'its bytes are not those that were stored'));
  return end(present.reduce((sum, { size }) => sum + size, 0));
}

/** Files that are there with the size that they had. */
function compareNames(
  meta: GenerationMeta,
  entries: readonly TreeEntry[],
  problems: VerifyProblem[],
): StoredFile[] {
  const prefix = meta.type === 'file' ? '' : `${meta.name}/`;
  const expected = new Map(meta.files.map((file) => [prefix + file.path, file]));
  const found = new Map(entries.map((entry) => [Buffer.from(entry.path).toString('utf8'), entry]));
  const present: StoredFile[] = [];
  for (const [path, file] of expected) {
    const entry = found.get(path);
    if (entry?.kind !== 'file') {
      problems.push(
        say(file.path, 'missing', entry === undefined ? 'it is not there' : `it is a ${entry.kind} now`),
      );
    } else if (entry.size !== file.size) {
      problems.push(say(file.path, 'changed', `it has ${entry.size} bytes, and had ${file.size}`));
    } else {
      if (entry.executable !== file.executable)
        problems.push(say(file.path, 'mode', `its mode was ${storedMode(file.executable).toString(8)}`));
      present.push(file);
    }
  }
  for (const [path, entry] of found) {
    if (entry.kind === 'directory' || path === metaName || expected.has(path)) continue;
    problems.push(say(shownName(entry.path), 'extra', `a ${entry.kind} that was not stored`));
  }
  const empty = new Set(meta.emptyDirectories.map((path) => `${meta.name}/${path}`));
  const named = [...found].map(([path, { kind }]) => ({ path, kind }));
  for (const path of emptyDirectories(named)) {
    if (!empty.delete(path) && path !== meta.name)
      problems.push(say(path, 'extra', 'an empty directory that was not stored'));
  }
  for (const path of empty) problems.push(say(path, 'missing', 'an empty directory that was stored'));
  return present;
}

/** All at once; where one cannot be read, one by one, so that the others are looked at as well. */
async function unlike(
  core: VaultCore,
  root: string,
  files: readonly StoredFile[],
  options: TransferOptions,
  problems: VerifyProblem[],
): Promise<readonly StoredFile[]> {
  try {
    return await readBack(core.addon, root, files, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (files.length <= 1) {
      problems.push(say(files[0]?.path ?? '', 'unreadable', (error as Error).message));
      return [];
    }
    const bad: StoredFile[] = [];
    for (const file of files) bad.push(...(await unlike(core, root, [file], options, problems)));
    return bad;
  }
}

function say(path: string, problem: VerifyProblem['problem'], detail: string): VerifyProblem {
  return { path, problem, detail };
}
