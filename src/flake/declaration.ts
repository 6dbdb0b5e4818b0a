import { RoomError, SpecRangeError, SpecTypeError } from '../errors.js';
import {
  child,
  keysOf,
  readArray,
  readFields,
  readObject,
  wholeSpec,
  wrongType,
  wrongValue,
} from '../spec/field.js';
import { copyPlain } from '../spec/plain.js';
import { readText } from '../spec/scalar.js';
import { parseServices, type ServicesSpec } from '../spec/services.js';

/** The file beside flake.nix. */
export const declarationName = 'anchor.env.json';

/** What an environment consists of: anchor.env.json. */
export interface EnvironmentDeclaration {
  readonly format: 1;
  /** Names of the flake's catalog, such as `python3` or `python3Packages.numpy`. */
  readonly packages: readonly string[];
  /** Variables for commands in the room. */
  readonly env: Readonly<Record<string, string>>;
  /** Commands by name: program and arguments. */
  readonly entry: Readonly<Record<string, readonly string[]>>;
  /** What runs beside commands: `services` of a spec. */
  readonly services: ServicesSpec;
}

const attributePath = /^[A-Za-z_][\w'-]*(\.[A-Za-z_][\w'-]*)*$/;
const entryName = /^[a-z][a-z0-9-]{0,63}$/;

/** Checks and completes a declaration. Throws a TypeError or RangeError that names the field. Pure. */
export function checkDeclaration(value: unknown): EnvironmentDeclaration {
  const fields = readFields(
    value,
    wholeSpec,
    keysOf<EnvironmentDeclaration>({ format: true, packages: true, env: true, entry: true, services: true }),
  );
  if (fields.format !== 1) throw wrongValue('format', '1, the only one there is', fields.format);
  const packages = readPackages(fields.packages ?? [], 'packages');
  return {
    format: 1,
    packages,
    env: mapObject(fields.env ?? {}, 'env', readVariable),
    entry: mapObject(fields.entry ?? {}, 'entry', readEntry),
    services: readServices(fields.services ?? {}),
  };
}

/** Names of packages, each once. */
export function readPackages(value: unknown, field: string): readonly string[] {
  const names = readArray(value, field, 'an array of names').map((name, at) =>
    readPackage(name, `${field}[${at}]`),
  );
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw wrongValue(field, 'each name once', value, `${JSON.stringify(twice)} twice`);
  return names;
}

function readPackage(value: unknown, field: string): string {
  const expected = 'the name of a package, such as "python3" or "python3Packages.numpy"';
  const name = readText(value, field, expected);
  if (attributePath.test(name) && name.length <= 200) return name;
  throw wrongValue(field, expected, name);
}

export function readVariable(name: string, value: unknown, field: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) throw wrongValue(field, 'a name of A-Z a-z 0-9 _', name);
  return readText(value, field);
}

export function readEntry(name: string, value: unknown, field: string): readonly string[] {
  if (!entryName.test(name)) throw wrongValue(field, 'a name of a-z 0-9 -', name);
  const words = readArray(value, field, 'program and arguments').map((word, at) =>
    readText(word, `${field}[${at}]`),
  );
  if (words[0] === undefined || words[0] === '')
    throw wrongType(field, 'program and arguments', value, 'no program');
  return words;
}

/** As they were written: a spec takes them. */
export function readServices(value: unknown): ServicesSpec {
  const services = copyPlain(value);
  parseServices(services, 'services', 'mapped');
  return services as ServicesSpec;
}

function mapObject<T>(
  value: unknown,
  field: string,
  read: (name: string, value: unknown, field: string) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(
    [...readObject(value, field)].map(([name, each]) => [name, read(name, each, child(field, name))]),
  );
}

/** The text of the file. Pure. */
export function declarationText({ format, packages, env, entry, services }: EnvironmentDeclaration): string {
  const some = Object.keys(services).length > 0;
  return `${JSON.stringify({ format, packages, env, entry, ...(some ? { services } : {}) }, null, 2)}\n`;
}

/** Reads the text of the file. Throws ERR_FLAKE_DECLARATION with the line. Pure. */
export function parseDeclaration(text: string, path: string): EnvironmentDeclaration {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    throw declarationError(`it is not JSON: ${message}`, path, lineOfSyntaxError(text, message), error);
  }
  try {
    return checkDeclaration(value);
  } catch (error) {
    if (!(error instanceof SpecTypeError || error instanceof SpecRangeError)) throw error;
    throw declarationError(error.message, path, lineOfField(text, error.field), error);
  }
}

export function declarationError(
  message: string,
  path: string,
  line: number | null,
  cause?: unknown,
): RoomError {
  const where = line === null ? declarationName : `${declarationName}:${line}`;
  return new RoomError('ERR_FLAKE_DECLARATION', `${where}: ${message}`, {
    step: 'flake.declaration',
    path,
    ...(line === null ? {} : { line }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The first line that has this name in quotes, from 1. Pure. */
export function lineOfName(text: string, name: string): number | null {
  const at = text.split('\n').findIndex((line) => line.includes(JSON.stringify(name)));
  return at === -1 ? null : at + 1;
}

/**
 * Not every message of JSON.parse has a position. Where it has none, the line is the first one with which the text is not only
 * incomplete but wrong.
 */
function lineOfSyntaxError(text: string, message: string): number {
  const position = positionIn(message);
  if (position !== null) return text.slice(0, position).split('\n').length;
  const lines = text.trimEnd().split('\n');
  const wrong = lines.findIndex((_, at) => isWrong(lines.slice(0, at + 1).join('\n')));
  return wrong === -1 ? lines.length : wrong + 1;
}

function isWrong(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return false;
  } catch (error) {
    const { message } = error as Error;
    if (/end of JSON input|Unterminated/.test(message)) return false;
    return (positionIn(message) ?? 0) < beginning.length;
  }
}

function positionIn(message: string): number | null {
  const position = /at position (\d+)/.exec(message)?.[1];
  return position === undefined ? null : Number(position);
}

/** By the last name of the field: `env.A` is where "A" is. */
function lineOfField(text: string, field: string): number | null {
  const [name = ''] = /[\w-]+(?=(\[\d+\])*$)/.exec(field) ?? [];
  return lineOfName(text, name);
}
