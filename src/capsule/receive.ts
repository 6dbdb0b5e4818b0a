import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadAddon } from '../addon/load.js';
import { RoomError } from '../errors.js';
import { wrongType, wrongValue } from '../spec/field.js';
import type { RoomSpec } from '../spec/room-spec.js';
import type { AuditEntry } from '../vault/audit-record.js';
import { removeTree } from '../vault/durable.js';
import { attempt } from '../vault/system-error.js';
import { runTransfer, type TransferOptions } from '../vault/transfer.js';
import type { Vault } from '../vault/vault.js';
import { changed } from './check.js';
import { itemDigest, type CapsuleContents, type CapsuleItem } from './contents.js';
import { pathIn } from './inside.js';
import { readMachine, type Machine } from './machine.js';
import { shown } from './problem.js';
import type { Receipt } from './receipt.js';
import type { CapsuleSignature } from './signature.js';
import { isPlainName } from './stored-names.js';
import {
  withCapsule,
  type CapsuleVerification,
  type OpenCapsule,
  type VerifyCapsuleOptions,
} from './verify.js';

/** What may be received, and where it goes. One of `signers` and `acceptUnsigned` is needed. */
export interface ReceiveOptions extends VerifyCapsuleOptions {
  /** Take a capsule without looking at who made it: its hashes say that it is whole, not that it is good. */
  readonly acceptUnsigned?: boolean;
  /** What plank and flake are called in the vault. Default: the name of the capsule. */
  readonly name?: string;
  /** Directory with room for the largest of the weights: what comes in parts or under other names is put together there. Default: TMPDIR. */
  readonly temporary?: string;
}

/** What was stored, as `kind/name@generation`. */
export interface ReceivedCapsule {
  readonly id: string;
  readonly name: string;
  /** In the audit log and in each meta.json. */
  readonly transfer: string;
  readonly plank: string;
  readonly weights: readonly string[];
  readonly flake: string | null;
  readonly room: RoomSpec;
  /** What a replay is compared with. */
  readonly expected: Receipt | null;
  readonly signature: CapsuleSignature;
  /** What the capsule says it requires and this machine has not: a replay will differ or fail. */
  readonly unmet: readonly string[];
}

/** One thing of a capsule, on its way. */
interface Incoming {
  readonly reference: string;
  readonly item: CapsuleItem;
}

/**
 * Verifies a capsule and stores what is in it: plank, weights and flake become new generations of a vault, which become active one
 * after the other when all of them are stored. Before that the vault is untouched but for its audit log.
 *
 * @throws RoomError: the first problem that verifying found; ERR_COURIER_UNTRUSTED for a capsule without a signature that is asked for;
 * those of the vault; the reason of the signal.
 */
export async function receiveCapsule(
  path: string,
  vault: Vault,
  options: ReceiveOptions,
): Promise<ReceivedCapsule> {
  if (options.signers === undefined && options.acceptUnsigned !== true)
    throw new RoomError('ERR_COURIER_UNTRUSTED', 'whose capsules may be received was not said', {
      path,
      hint: "Name a file of allowed signers (--signers, ssh-keygen(1)), or accept anybody's (--accept-unsigned).",
    });
  if (options.name !== undefined && !isPlainName(options.name))
    throw wrongValue('name', 'a name of a-z 0-9 . _ -', options.name);
  if (options.temporary !== undefined && typeof options.temporary !== 'string')
    throw wrongType('temporary', 'a path', options.temporary);
  const transfer = randomUUID();
  const say = async (phase: AuditEntry['phase'], more: Partial<AuditEntry>): Promise<void> => {
    await vault.record({ operation: 'receive', phase, transaction: transfer, transfer, from: path, ...more });
  };
  await say('begin', options.acceptUnsigned === true ? { message: 'accepting any signer' } : {});
  try {
    const received = await withCapsule(path, options, (capsule) => store(capsule, vault, transfer, options));
    await say('done', { sha256: received.id });
    return received;
  } catch (error) {
    await say('failed', {
      code: (error as { code?: string }).code ?? 'ERR_VAULT_IO',
      message: (error as Error).message,
    }).catch(() => undefined);
    throw error;
  }
}

async function store(
  capsule: OpenCapsule,
  vault: Vault,
  transfer: string,
  options: ReceiveOptions,
): Promise<ReceivedCapsule> {
  const { id, contents, room, signature } = requireWhole(capsule.verification);
  const name = options.name ?? contents.name;
  const plankItem: CapsuleItem = { name, type: 'file', files: [contents.plank], emptyDirectories: [] };
  const incoming: readonly Incoming[] = [
    ...contents.weights.map((item) => ({ reference: `models/${item.name}`, item })),
    { reference: `planks/${name}`, item: plankItem },
    ...(contents.flake === null ? [] : [{ reference: `flakes/${name}`, item: contents.flake }]),
  ];
  await requireRoom(options.temporary ?? tmpdir(), incoming);
  const stored: string[] = [];
  try {
    for (const one of incoming) stored.push(await storeOne(capsule, vault, one, { id, transfer }, options));
    for (const reference of stored) await vault.activate(reference);
  } catch (error) {
    // What is active is not removed: the first of its name, and what somebody may be using by now.
    for (const reference of stored.reverse()) await vault.remove(reference).catch(() => undefined);
    throw error;
  }
  const of = (kind: string): string[] => stored.filter((reference) => reference.startsWith(`${kind}/`));
  const [plank = ''] = of('planks');
  const [flake = null] = of('flakes');
  const unmet = unmetBy(readMachine(), contents.requires);
  return {
    id,
    name,
    transfer,
    plank,
    weights: of('models'),
    flake,
    room,
    expected: contents.expected,
    signature,
    unmet,
  };
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

/** The verification of a capsule that is whole, or its first problem. */
function requireWhole(verification: CapsuleVerification): {
  id: string;
  contents: CapsuleContents;
  room: RoomSpec;
  signature: CapsuleSignature;
} {
  const { id, contents, room, signature, problems, path } = verification;
  const [first, ...more] = problems;
  if (first === undefined && id !== null && contents !== null && room !== null)
    return { id, contents, room, signature };
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

async function storeOne(
  capsule: OpenCapsule,
  vault: Vault,
  { reference, item }: Incoming,
  { id, transfer }: { readonly id: string; readonly transfer: string },
  options: ReceiveOptions,
): Promise<string> {
  const directory = await mkdtemp(join(options.temporary ?? tmpdir(), 'anchor-receive-'));
  try {
    const source = join(directory, item.name);
    await assemble(capsule, item, source, options);
    const stored = await vault.put(reference, source, {
      activate: false,
      expect: `sha256:${itemDigest(item)}`,
      source: { type: 'capsule', path: capsule.verification.path, capsule: id },
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
  capsule: OpenCapsule,
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
    root: pathIn(capsule.root),
    files: item.files.flatMap(({ path, executable, pieces }) =>
      pieces.map((piece, at) => ({
        source: piece.path,
        target: placeOf(path),
        expected: capsule.listing.files.get(piece.path)?.version ?? '',
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

/** Pure. */
export function unmetBy({ arch, cpuFlags }: Machine, requires: CapsuleContents['requires']): string[] {
  const missing = requires.cpuFlags.filter((flag) => !cpuFlags.includes(flag));
  return [
    ...(requires.arch === arch ? [] : [`arch ${requires.arch}`]),
    ...missing.map((flag) => `cpu flag ${flag}`),
  ];
}
