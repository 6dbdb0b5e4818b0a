import { mkdir, mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadAddon } from '../addon/load.js';
import { RoomError } from '../errors.js';
import { removeTree } from '../vault/durable.js';
import type { StoredSource } from '../vault/meta.js';
import { attempt } from '../vault/system-error.js';
import { runTransfer, type TransferOptions } from '../vault/transfer.js';
import type { Vault } from '../vault/vault.js';
import { changed } from './check.js';
import { itemDigest, type CapsuleItem } from './contents.js';
import { pathIn } from './inside.js';
import { shown } from './problem.js';
import type { CapsuleSignature } from './signature.js';
import type { BagVerification, OpenBag } from './verify.js';

/** One thing of a bag, on its way into a vault. */
export interface Incoming {
  /** `kind/name` */
  readonly reference: string;
  readonly item: CapsuleItem;
}

/** What meta.json and the log say of where it came from. */
export interface Origin {
  readonly origin: StoredSource;
  readonly transfer: string;
}

export interface StoreOptions extends TransferOptions {
  /** Directory with room for the largest of them. Default: TMPDIR. */
  readonly temporary?: string;
}

/**
 * Stores the things of a verified bag: they become active one after the other when all of them are stored. Returns what was stored, as
 * `kind/name@generation`, in the same order.
 */
export async function storeItems(
  bag: OpenBag<unknown>,
  vault: Vault,
  incoming: readonly Incoming[],
  from: Origin,
  options: StoreOptions,
): Promise<readonly string[]> {
  await requireRoom(options.temporary ?? tmpdir(), incoming);
  const stored: string[] = [];
  try {
    for (const one of incoming) stored.push(await storeOne(bag, vault, one, from, options));
    for (const reference of stored) await vault.activate(reference);
    return stored;
  } catch (error) {
    // What is active is not removed: the first of its name, and what somebody may be using by now.
    for (const reference of stored.reverse()) await vault.remove(reference).catch(() => undefined);
    throw error;
  }
}

/** The verification of a bag that is whole, or its first problem. */
export function requireWholeBag<C>(verification: BagVerification<C>): {
  readonly id: string;
  readonly contents: C;
  readonly signature: CapsuleSignature;
} {
  const { id, contents, signature, problems, path } = verification;
  const [first, ...more] = problems;
  if (first === undefined && id !== null && contents !== null) return { id, contents, signature };
  if (first === undefined)
    throw new RoomError('ERR_COURIER_CONTENT', `${shown(path)} does not say what it holds`, { path });
  if (more.length === 0) throw first;
  throw new RoomError(
    first.code,
    `${first.message} (and ${more.length} more; \`anchor courier verify\` names them)`,
    {
      ...(first.path === undefined ? {} : { path: first.path }),
      ...(first.hint === undefined ? {} : { hint: first.hint }),
      cause: first,
    },
  );
}

/** What is put together there is removed before the next. */
async function requireRoom(directory: string, incoming: readonly Incoming[]): Promise<void> {
  const sizes = incoming.map(({ item }) => item.files.reduce((sum, { size }) => sum + size, 0));
  const needed = Math.max(...sizes);
  const place = await attempt('vault.target', directory, () => statfs(directory));
  const free = place.bavail * place.bsize;
  if (needed <= free) return;
  throw new RoomError(
    'ERR_VAULT_NO_SPACE',
    `${directory} has ${free} bytes left, and the largest part of the capsule has ${needed}`,
    {
      path: directory,
      hint: 'Name another place for it: --temporary PATH, or TMPDIR.',
    },
  );
}

async function storeOne(
  bag: OpenBag<unknown>,
  vault: Vault,
  { reference, item }: Incoming,
  { origin, transfer }: Origin,
  options: StoreOptions,
): Promise<string> {
  const directory = await mkdtemp(join(options.temporary ?? tmpdir(), 'anchor-receive-'));
  try {
    const source = join(directory, item.name);
    await assemble(bag, item, source, options);
    const stored = await vault.put(reference, source, {
      activate: false,
      expect: `sha256:${itemDigest(item)}`,
      source: origin,
      transfer,
      signal: options.signal,
    });
    return stored.reference;
  } finally {
    await removeTree(directory);
  }
}

/** Makes what travelled as it was: whole, and under its own name. Only what was listed and verified is read. */
async function assemble(
  bag: OpenBag<unknown>,
  item: CapsuleItem,
  target: string,
  options: TransferOptions,
): Promise<void> {
  const { addon } = loadAddon();
  const placeOf = (path: string): string => (item.type === 'file' ? target : join(target, path));
  const directories =
    item.type === 'file'
      ? []
      : [
          target,
          ...item.emptyDirectories.map(placeOf),
          ...item.files.map(({ path }) => dirname(placeOf(path))),
        ];
  for (const directory of directories)
    await attempt('vault.target', directory, () => mkdir(directory, { recursive: true }));
  const order = {
    root: pathIn(bag.root),
    files: item.files.flatMap(({ path, executable, pieces }) =>
      pieces.map((piece, at) => ({
        source: piece.path,
        target: placeOf(path),
        expected: bag.listing.files.get(piece.path)?.version ?? '',
        mode: modeOf(executable),
        continues: at > 0,
      })),
    ),
    sha256: true,
    blake3: false,
    sparse: true,
    pastCache: false,
  };
  const total = item.files.reduce((sum, { size }) => sum + size, 0);
  const results = [...(await runTransfer(addon, order, { phase: 'copy', total }, options))];
  for (const { path, pieces, sha256 } of item.files) {
    const last = results.splice(0, pieces.length).at(-1);
    if ((pieces.length === 1 ? last?.sha256 : last?.whole) !== sha256) throw changed(path);
  }
}

function modeOf(executable: boolean): number {
  return executable ? 0o555 : 0o444;
}
