import { basename, resolve } from 'node:path';
import type { Addon } from '../../types/addon.js';
import { piecesOf } from '../capsule/contents.js';
import type { PlannedFile, PlannedItem } from '../capsule/pack-request.js';
import { itemOf } from '../capsule/pack-request.js';
import { refuseUnstorable } from '../capsule/pack.js';
import { requireWholeBag } from '../capsule/store-items.js';
import { isPlainName } from '../capsule/stored-names.js';
import { verifyCapsule } from '../capsule/verify.js';
import { filesOf } from '../capsule/contents.js';
import { RoomError } from '../errors.js';
import { refusedName } from '../vault/file-names.js';
import type { Lease } from '../vault/leases.js';
import type { GenerationMeta } from '../vault/meta.js';
import { readKind } from '../spec/vault-reference.js';
import { examineSource } from '../vault/source.js';
import type { TransferOptions } from '../vault/transfer.js';
import { capsuleSuffix } from '../capsule/layout.js';
import { parcelSuffix } from './layout.js';
import { itemPlace, parcelKind } from './parcel.js';
import type { PlannedThing } from './send-plan.js';
import { bagAt, usualName, type CheckedSend, type CheckedSource } from './send-request.js';
import { verifyParcel } from './verify-parcel.js';

/** A thing on its way, with where it is. */
export interface CargoItem extends PlannedItem {
  readonly reference: string | null;
  readonly thing: PlannedThing;
  /** Of a thing of a vault. */
  readonly meta: GenerationMeta | null;
  /** The file or directory. */
  readonly path: string;
}

/** All that is to be sent. */
export interface Cargo {
  /** `NAME.parcel`, or what the bag was called. */
  readonly name: string;
  readonly things: readonly PlannedThing[];
  readonly files: readonly PlannedFile[];
  /** Hashes that are known without reading: a vault's, or those that a bag lists. */
  readonly known: ReadonlyMap<PlannedFile, string>;
  /** A bag that is sent as it is, or things that become a parcel. */
  readonly content:
    | { readonly type: 'bag'; readonly id: string }
    | { readonly type: 'things'; readonly name: string; readonly items: readonly CargoItem[] };
}

/** Looks at all sources. `leases` has what of a vault has to stay until it is sent. A bag is read as a whole: a damaged one is not carried further. */
export async function findCargo(
  addon: Addon,
  request: CheckedSend,
  leases: Lease[],
  options: TransferOptions,
): Promise<Cargo> {
  const [only] = request.sources;
  if (only?.type === 'host' && request.sources.length === 1) {
    const bag = await bagAt(only.path);
    if (bag !== null) return findBag(addon, request, resolve(only.path), bag, options);
  }
  const name = request.name ?? usualName(only as CheckedSource);
  const items: CargoItem[] = [];
  for (const source of request.sources)
    items.push(
      source.type === 'host'
        ? await hostItem(addon, source.path)
        : await vaultItem(addon, request, source.reference, `${name}${parcelSuffix}`, leases),
    );
  requireDistinct(items);
  const files = items.flatMap((item) => item.files);
  refuseUnstorable(files);
  const known = new Map<PlannedFile, string>();
  for (const { meta, files: planned } of items) {
    const hashes = new Map(meta?.files.map(({ path, sha256 }) => [path, sha256]));
    for (const file of planned) {
      const sha256 = hashes.get(file.path);
      if (sha256 !== undefined) known.set(file, sha256);
    }
  }
  return {
    name: `${name}${parcelSuffix}`,
    things: items.map(({ thing }) => thing),
    files,
    known,
    content: { type: 'things', name, items },
  };
}

async function hostItem(addon: Addon, path: string): Promise<CargoItem> {
  const source = await examineSource(addon, path);
  const name = usualName({ type: 'host', path: resolve(path) });
  const planned = itemOf(source, name, itemPlace(null));
  // What it was called comes back with it, unless that would show somebody another name.
  const called = refusedName(Buffer.from(basename(resolve(path)))) === null ? basename(resolve(path)) : name;
  const files =
    planned.type === 'file' ? planned.files.map((file) => ({ ...file, path: called })) : planned.files;
  const item = { ...planned, files };
  return {
    ...item,
    reference: null,
    meta: null,
    path: resolve(path),
    thing: thingOf(item, null, resolve(path)),
  };
}

async function vaultItem(
  addon: Addon,
  { vault }: CheckedSend,
  reference: string,
  holder: string,
  leases: Lease[],
): Promise<CargoItem> {
  if (vault === undefined) throw new Error('a reference without a vault was refused before');
  const lease = await vault.lease(reference, `sending ${holder}`);
  leases.push(lease);
  const { meta, path } = await vault.inspect(lease.reference);
  const kind = readKind(meta.kind, 'kind');
  const item = itemOf(await examineSource(addon, lease.path), meta.name, itemPlace(kind));
  return { ...item, reference: lease.reference, meta, path, thing: thingOf(item, kind, lease.reference) };
}

function thingOf({ name, files }: PlannedItem, kind: PlannedThing['kind'], source: string): PlannedThing {
  return { name, kind, source, files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

function requireDistinct(items: readonly CargoItem[]): void {
  const places = items.map(({ thing, name }) => `${itemPlace(thing.kind)}/${name}`);
  const bad = items.find(({ name }) => !isPlainName(name));
  const twice = items.find((_, i) => places.indexOf(places[i] ?? '') !== i);
  if (bad === undefined && twice === undefined) return;
  const { thing } = (bad ?? twice) as CargoItem;
  throw new RoomError(
    'ERR_COURIER_SOURCE',
    bad === undefined
      ? `two of the sources are called ${thing.name}`
      : `${thing.name} is no name that a parcel has`,
    { path: thing.source, hint: 'Send them one after the other, or rename one.' },
  );
}

async function findBag(
  addon: Addon,
  request: CheckedSend,
  path: string,
  type: 'capsule' | 'parcel',
  options: TransferOptions,
): Promise<Cargo> {
  const name = basename(path);
  const suffix = type === 'capsule' ? capsuleSuffix : parcelSuffix;
  const { id, pieces } = await (type === 'capsule'
    ? verifyCapsule(path, options).then((found) => wholeBag(found, filesOf))
    : verifyParcel(path, options).then((found) => wholeBag(found, parcelKind.filesOf)));
  if (request.sign !== undefined || request.name !== null || request.split !== undefined)
    throw new RoomError(
      'ERR_COURIER_SOURCE',
      `${name} is sent as it is: no other name, no parts, no signature`,
      {
        path,
      },
    );
  if (!isPlainName(name.slice(0, -suffix.length)))
    throw new RoomError('ERR_COURIER_SOURCE', `${JSON.stringify(name)} is no name of a ${type}`, { path });
  const source = await examineSource(addon, path);
  const hashes = new Map(pieces.map((piece) => [piece.path, piece.sha256]));
  const known = new Map<PlannedFile, string>();
  const files = source.files.map((file): PlannedFile => ({
    root: source.root,
    source: file.source,
    version: file.version,
    size: file.size,
    executable: false,
    path: file.path,
    stored: file.path,
  }));
  for (const file of files) {
    const sha256 = hashes.get(file.stored);
    if (sha256 !== undefined) known.set(file, sha256);
  }
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const things = [{ name, kind: null, source: path, files: files.length, bytes }];
  return { name, things, files, known, content: { type: 'bag', id } };
}

function wholeBag<C>(
  found: Parameters<typeof requireWholeBag<C>>[0],
  files: (contents: C) => Parameters<typeof piecesOf>[0],
): { id: string; pieces: ReturnType<typeof piecesOf> } {
  const { id, contents } = requireWholeBag(found);
  return { id, pieces: piecesOf(files(contents)) };
}
