import { rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { RoomError } from '../errors.js';
import { linkGeneration } from './activate.js';
import type { AuditEntry } from './audit-record.js';
import type { VaultCore } from './core.js';
import { makeDirectories, syncDirectory, writeNew } from './durable.js';
import type { Duplicates } from './duplicates.js';
import type { Located } from './generations.js';
import { metaName } from './layout.js';
import { manifestOf, metaText, sha256Of, type GenerationMeta, type StoredSource } from './meta.js';
import { referenceText, type Reference } from '../spec/vault-reference.js';
import { requireSpace } from './space.js';
import { examineSource, type Source } from './source.js';
import { stageFiles, type Staged } from './stage-files.js';
import { attempt } from './system-error.js';
import { Stage } from './transaction.js';
import { makeGenerations } from './trash.js';
import type { TransferOptions } from './transfer.js';

/** How something is stored. */
export interface PutOptions extends TransferOptions {
  /** Whether the new generation becomes the active one. Default true; the first one always does. */
  activate?: boolean;
  /** `sha256:` and 64 hex digits: what it has to be. Of a directory, as meta.json has it. */
  expect?: string;
  /** What meta.json says of where it came from. Default `{ type: 'host', path }`. */
  source?: StoredSource;
  /** By which transfer of a courier. */
  transfer?: string;
}

/** What was stored. */
export interface PutResult {
  /** `kind/name@generation` */
  readonly reference: string;
  readonly generation: number;
  readonly active: boolean;
  readonly meta: GenerationMeta;
  /** The file or directory in the vault. */
  readonly path: string;
  /** Bytes that were there already and take no space again. */
  readonly shared: number;
}

/** Stores a file or directory: all of it, proven to be on the disk, or nothing. docs/vault.md has the steps. */
export async function put(
  core: VaultCore,
  duplicates: Duplicates,
  reference: Reference,
  path: string,
  options: PutOptions,
): Promise<PutResult> {
  const source = await examineSource(core.addon, path);
  return store(core, duplicates, reference, { source, from: resolve(path) }, options);
}

/** What is stored, and what the log and meta.json say of where it came from unless they are told otherwise. */
export interface Found {
  readonly source: Source;
  readonly from: string;
}

/** The same for what was looked at already. */
export async function store(
  core: VaultCore,
  duplicates: Duplicates,
  reference: Reference,
  { source, from }: Found,
  options: PutOptions,
): Promise<PutResult> {
  const { kind, name } = reference;
  const { signal, activate = true } = options;
  await requireSpace(core.layout.root, source.files);
  const stage = await core.change(async () => {
    const stage = await Stage.begin(core, { kind, name, activate }, options.transfer);
    try {
      await core.audit.append({ ...entryOf(stage, reference), phase: 'begin', from });
      return stage;
    } catch (error) {
      await stage.remove();
      throw error;
    }
  }, signal);

  let inPlace = false as boolean;
  try {
    const staged = await stageFiles(core, duplicates, source, stage.generation, name, options);
    const draft = describe(source, staged, stage, options.source ?? { type: 'host', path: from });
    requireDigest(draft, options.expect);
    await makeEmptyDirectories(source, join(stage.generation, name));
    await syncDirectories(source, stage.generation, name);
    // Not to be stopped from here on: what begins now takes a moment, and is done or not.
    return await core.change(async () => {
      const located: Located = { kind, name, generation: await core.generations.next(kind, name) };
      const active = activate || (await core.generations.active(kind, name)) === null;
      const meta: GenerationMeta = { ...draft, generation: located.generation };
      const digest = await commit(core, stage, located, meta, () => (inPlace = true));
      if (active) await linkGeneration(core.layout, located);
      const { size: bytes, sha256, blake3 } = meta;
      await core.audit.append({
        ...entryOf(stage, located),
        phase: 'done',
        bytes,
        sha256,
        ...(blake3 === null ? {} : { blake3 }),
        meta: digest,
      });
      await stage.remove();
      const { generation } = located;
      const stored = core.layout.content(kind, name, generation);
      return {
        reference: referenceText(located),
        generation,
        active,
        meta,
        path: stored,
        shared: staged.shared,
      };
    }, signal);
  } catch (error) {
    if (inPlace) throw uncertain(stage, reference, error);
    await giveUp(core, stage, reference, error);
    throw error;
  } finally {
    stage.lock.release();
  }
}

function entryOf(stage: Stage, reference: Reference): Omit<AuditEntry, 'phase'> {
  const { transaction, transfer } = stage.intent;
  return { operation: 'put', transaction, transfer, reference: referenceText(reference) };
}

/** All but the number, which is known when it comes to its place. */
function describe(source: Source, { files }: Staged, { intent }: Stage, from: StoredSource): GenerationMeta {
  const { kind, name, transaction, transfer } = intent;
  const only = source.type === 'file' ? files[0] : undefined;
  return {
    format: 1,
    kind,
    name,
    generation: 0,
    type: source.type,
    size: files.reduce((sum, { size }) => sum + size, 0),
    sha256: only?.sha256 ?? sha256Of(manifestOf(files)),
    blake3: only?.blake3 ?? null,
    files,
    emptyDirectories: source.emptyDirectories,
    source: from,
    transaction,
    transfer,
    created: new Date().toISOString(),
  };
}

function requireDigest({ kind, name, sha256 }: GenerationMeta, expect: string | undefined): void {
  if (expect === undefined || expect.toLowerCase() === `sha256:${sha256}`) return;
  throw new RoomError(
    'ERR_VAULT_DIGEST',
    `${kind}/${name} should have the digest ${expect}, but the source has sha256:${sha256}`,
    {
      hint: 'Nothing was stored. Get the source again, or ask for the digest that it has.',
    },
  );
}

async function makeEmptyDirectories({ emptyDirectories }: Source, content: string): Promise<void> {
  await attempt('vault.stage', content, async () => {
    await makeDirectories(content, emptyDirectories);
  });
}

/** From the inside out, so that nothing is on the disk whose content is not. */
async function syncDirectories(source: Source, generation: string, name: string): Promise<void> {
  if (source.type === 'file') return;
  const content = join(generation, name);
  const all = new Set([content]);
  const below = [...source.files.map(({ path }) => dirname(path)), ...source.emptyDirectories];
  for (const directory of below) {
    for (let each = directory; each !== '.'; each = dirname(each)) all.add(join(content, each));
  }
  const deepestFirst = [...all].sort((left, right) => right.length - left.length);
  await attempt('vault.stage', content, async () => {
    for (const directory of deepestFirst) await syncDirectory(directory);
  });
}

/** Renames the staged generation to its place. Returns the digest of its meta.json. */
async function commit(
  core: VaultCore,
  stage: Stage,
  located: Located,
  meta: GenerationMeta,
  done: () => void,
): Promise<string> {
  const { kind, name, generation } = located;
  const text = metaText(meta);
  const place = core.layout.generation(kind, name, generation);
  await attempt('vault.commit', place, async () => {
    await writeNew(join(stage.generation, metaName), text, 0o444);
    await syncDirectory(stage.generation);
    await makeGenerations(core, located);
    await rename(stage.generation, place);
    done();
    await syncDirectory(dirname(place));
    await syncDirectory(stage.directory);
  });
  return sha256Of(text);
}

/** The directory in `stage` stays: whoever changes the vault next finishes what this could not. */
function uncertain(stage: Stage, reference: Reference, cause: unknown): RoomError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new RoomError(
    'ERR_VAULT_UNCERTAIN',
    `${referenceText(reference)} came into its place, but not all that follows was done: ${why}`,
    {
      path: stage.directory,
      hint: '`anchor vault verify` says what is there once the disk works again.',
      cause,
    },
  );
}

async function giveUp(core: VaultCore, stage: Stage, reference: Reference, error: unknown): Promise<void> {
  const { code, message } = error as Partial<RoomError>;
  const failed: AuditEntry = {
    ...entryOf(stage, reference),
    phase: 'failed',
    ...(typeof code === 'string' ? { code } : {}),
    message: message ?? String(error),
  };
  await stage.remove();
  // The failure is what is told; that it is not in the log is a small thing beside a full disk.
  await core.change(() => core.audit.append(failed)).catch(() => undefined);
}
