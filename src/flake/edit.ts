import { isDeepStrictEqual } from 'node:util';
import { child, keysOf, pickFields, readFields, readObject, wholeSpec } from '../spec/field.js';
import type { ServiceSpec } from '../spec/services.js';
import {
  checkDeclaration,
  readEntry,
  readPackages,
  readVariable,
  type EnvironmentDeclaration,
} from './declaration.js';

/** A change of a declaration. What is not named stays. */
export interface EnvironmentEdit {
  /** The whole list, or what is added to it and taken from it. */
  readonly packages?:
    readonly string[] | { readonly add?: readonly string[]; readonly remove?: readonly string[] };
  /** Variables; null takes one away. */
  readonly env?: Readonly<Record<string, string | null>>;
  /** Commands; null takes one away. */
  readonly entry?: Readonly<Record<string, readonly string[] | null>>;
  /** Services; null takes one away. */
  readonly services?: Readonly<Record<string, ServiceSpec | null>>;
}

/** One difference between two declarations. */
export interface EnvironmentChange {
  readonly field: 'packages' | 'env' | 'entry' | 'services';
  readonly name: string;
  /** Absent: it was not there. Of a package its name. */
  readonly before?: string | readonly string[] | ServiceSpec;
  /** Absent: it is no more. */
  readonly after?: string | readonly string[] | ServiceSpec;
}

/** The declaration after an edit. Packages are sorted, so that the same set is the same environment. Pure. */
export function applyEdit(before: EnvironmentDeclaration, edit: EnvironmentEdit): EnvironmentDeclaration {
  const fields = pickFields(
    readObject(edit, 'edit'),
    wholeSpec,
    keysOf<EnvironmentEdit>({ packages: true, env: true, entry: true, services: true }),
  );
  return checkDeclaration({
    format: 1,
    packages:
      fields.packages === undefined ? before.packages : editPackages(before.packages, fields.packages),
    env: merge(before.env, fields.env, 'env', readVariable),
    entry: merge(before.entry, fields.entry, 'entry', readEntry),
    // Checked together, because they name each other.
    services: merge<unknown>(before.services, fields.services, 'services', (_name, service) => service),
  });
}

function editPackages(before: readonly string[], edit: unknown): readonly string[] {
  if (Array.isArray(edit)) return [...readPackages(edit, 'packages')].sort();
  const { add, remove } = readFields(edit, 'packages', ['add', 'remove']);
  const added = add === undefined ? [] : readPackages(add, 'packages.add');
  const removed = remove === undefined ? [] : readPackages(remove, 'packages.remove');
  return [...new Set([...before, ...added])].filter((name) => !removed.includes(name)).sort();
}

function merge<T>(
  before: Readonly<Record<string, T>>,
  edit: unknown,
  field: string,
  read: (name: string, value: unknown, field: string) => T,
): Readonly<Record<string, T>> {
  const merged = new Map(Object.entries(before));
  for (const [name, value] of edit === undefined ? [] : readObject(edit, field)) {
    if (value === null) merged.delete(name);
    else merged.set(name, read(name, value, child(field, name)));
  }
  return Object.fromEntries(merged);
}

/** `+packages count, ~env GREETING`: names only, since values may be secret. Pure. */
export function changesInWords(changes: readonly EnvironmentChange[]): string | null {
  const words = changes.map(({ field, name, before, after }) => {
    const sign = before === undefined ? '+' : after === undefined ? '-' : '~';
    return `${sign}${field} ${name}`;
  });
  return words.length === 0 ? null : words.join(', ');
}

/** What differs. Pure. */
export function differences(
  before: EnvironmentDeclaration,
  after: EnvironmentDeclaration,
): readonly EnvironmentChange[] {
  return [
    ...changesOf('packages', byName(before.packages), byName(after.packages)),
    ...changesOf('env', before.env, after.env),
    ...changesOf('entry', before.entry, after.entry),
    ...changesOf('services', before.services, after.services),
  ];
}

function byName(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, name]));
}

function changesOf<T extends NonNullable<EnvironmentChange['after']>>(
  field: EnvironmentChange['field'],
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
): EnvironmentChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .map((name) => ({
      field,
      name,
      ...(before[name] === undefined ? {} : { before: before[name] }),
      ...(after[name] === undefined ? {} : { after: after[name] }),
    }));
}
