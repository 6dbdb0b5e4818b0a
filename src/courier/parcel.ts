import type { BagKind } from '../capsule/bag-kind.js';
import { readItem, readName, type CapsuleItem } from '../capsule/contents.js';
import { parseOneText } from '../capsule/one-text.js';
import { howToCheck } from '../capsule/readme.js';
import type { RoomError } from '../errors.js';
import { child, readArray, readFields, wrongValue } from '../spec/field.js';
import { readInteger } from '../spec/scalar.js';
import { vaultKinds, type VaultKind } from '../spec/vault-kinds.js';
import { parseGeneration } from '../spec/vault-reference.js';
import { hostPlace, parcelContentsName, parcelProfile, parcelSuffix } from './layout.js';

/** A thing in a parcel. */
export interface ParcelItem extends CapsuleItem {
  /** What it was in the vault that it came from, `kind/name@generation`; null: it came from no vault. */
  readonly reference: string | null;
}

/** parcel.json: what the payload is. */
export interface ParcelContents {
  readonly parcel: 1;
  readonly name: string;
  readonly items: readonly ParcelItem[];
}

export const parcelKind: BagKind<ParcelContents> = {
  contentsName: parcelContentsName,
  profile: parcelProfile,
  parse: parseParcel,
  filesOf: ({ items }) => items.flatMap(({ files }) => files),
};

/** Pure. */
export function parcelText(contents: ParcelContents): string {
  return `${JSON.stringify(contents, null, 2)}\n`;
}

/** Where a thing is, below the parcel. Pure. */
export function itemPlace(kind: VaultKind | null): string {
  return `data/${kind ?? hostPlace}`;
}

/** What parcel.json says, or what is wrong with it. Pure. */
export function parseParcel(bytes: Uint8Array): ParcelContents | RoomError {
  return parseOneText(bytes, {
    file: parcelContentsName,
    version: 'parcel',
    read: readContents,
    write: parcelText,
  });
}

function readContents(value: unknown): ParcelContents {
  const fields = readFields(value, 'contents', ['parcel', 'name', 'items']);
  readInteger(fields.parcel, 'parcel', 1, 1);
  const items = readArray(fields.items, 'items').map((item, i) => readParcelItem(item, `items[${i}]`));
  const places = items.map((item) => `${itemPlace(kindOf(item))}/${item.name}`);
  if (new Set(places).size !== places.length)
    throw wrongValue('items', 'each name once', places, 'one twice');
  return { parcel: 1, name: readName(fields.name, 'name'), items };
}

function readParcelItem(value: unknown, field: string): ParcelItem {
  const { reference, ...rest } = readFields(value, field, [
    'reference',
    'name',
    'type',
    'files',
    'emptyDirectories',
  ]);
  const parsed = reference === null ? null : parseGeneration(reference, child(field, 'reference'));
  const item = readItem({ ...rest }, field, itemPlace(parsed?.kind ?? null));
  if (parsed !== null && parsed.name !== item.name)
    throw wrongValue(child(field, 'reference'), `a reference to ${item.name}`, reference);
  return {
    ...item,
    reference: parsed === null ? null : `${parsed.kind}/${parsed.name}@${parsed.generation}`,
  };
}

/** The kind of the vault that a thing came from. */
export function kindOf({ reference }: Pick<ParcelItem, 'reference'>): VaultKind | null {
  return vaultKinds.find((kind) => reference?.startsWith(`${kind}/`) === true) ?? null;
}

/** README.txt: for whoever finds the directory and has nothing of ours. Pure. */
export function parcelReadme({ name, items }: ParcelContents): string {
  return [
    `${name}${parcelSuffix}: a parcel of anchor-rooms`,
    '',
    `Plain files below data; ${parcelContentsName} says what each of them was. It is a BagIt 1.0 bag (RFC 8493).`,
    '',
    ...items.map((item) => `    ${itemPlace(kindOf(item))}/${item.name}`),
    '',
    ...howToCheck(items.flatMap(({ files }) => files)),
  ].join('\n');
}
