import { child, conflict, keysOf, readArray, readFields, wrongType, wrongValue } from './field.js';
import { readInteger, readText } from './scalar.js';

/**
 * `'default'`; the default with some syscalls allowed again; or a profile of one's own in the format of the OCI runtime
 * specification (`linux.seccomp`), which replaces the default.
 */
export type SeccompSpec = 'default' | SeccompAllowance | SeccompReplacement;

export interface SeccompAllowance {
  /** Names of syscalls that the default profile denies. */
  allow: readonly string[];
}

export interface SeccompReplacement {
  profile: OciSeccompProfile;
}

/**
 * https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp, and what Docker and Podman add to it in
 * their files: `archMap`, `includes` and `excludes`, `comment`, and the names of errors.
 */
export interface OciSeccompProfile {
  defaultAction: string;
  defaultErrnoRet?: number | null;
  /** The name of `defaultErrnoRet`. */
  defaultErrno?: string | null;
  architectures?: readonly string[] | null;
  archMap?: readonly OciArchitectureMap[] | null;
  flags?: readonly string[] | null;
  syscalls?: readonly OciSyscallRule[] | null;
}

export interface OciArchitectureMap {
  architecture: string;
  subArchitectures?: readonly string[] | null;
}

export interface OciSyscallRule {
  names?: readonly string[] | null;
  /** Docker's older form of `names`. */
  name?: string | null;
  action: string;
  errnoRet?: number | null;
  /** The name of `errnoRet`. */
  errno?: string | null;
  args?: readonly OciSyscallArgument[] | null;
  comment?: string | null;
  /** The rule counts only where all of this holds. */
  includes?: OciRuleScope | null;
  /** The rule does not count where any of this holds. */
  excludes?: OciRuleScope | null;
}

export interface OciSyscallArgument {
  index: number;
  /** A number above 2^53 is written as a string, decimal or hexadecimal: JSON readers round it. */
  value: number | string;
  valueTwo?: number | string | null;
  op: string;
}

export interface OciRuleScope {
  caps?: readonly string[] | null;
  /** Names as Go has them: `amd64`. */
  arches?: readonly string[] | null;
  /** `4.8`. */
  minKernel?: string | null;
}

export const seccompAllowanceKeys = keysOf<SeccompAllowance>({ allow: true });
export const seccompReplacementKeys = keysOf<SeccompReplacement>({ profile: true });
const profileKeys = keysOf<OciSeccompProfile>({
  defaultAction: true,
  defaultErrnoRet: true,
  defaultErrno: true,
  architectures: true,
  archMap: true,
  flags: true,
  syscalls: true,
});
const archMapKeys = keysOf<OciArchitectureMap>({ architecture: true, subArchitectures: true });
const ruleKeys = keysOf<OciSyscallRule>({
  names: true,
  name: true,
  action: true,
  errnoRet: true,
  errno: true,
  args: true,
  comment: true,
  includes: true,
  excludes: true,
});
const argumentKeys = keysOf<OciSyscallArgument>({ index: true, value: true, valueTwo: true, op: true });
const scopeKeys = keysOf<OciRuleScope>({ caps: true, arches: true, minKernel: true });

/** Types and ranges are right; what the names mean is found out when the filter is compiled. */
export type CheckedSeccomp =
  | { readonly kind: 'default'; readonly allow: readonly string[] }
  | { readonly kind: 'profile'; readonly profile: CheckedProfile };

export interface CheckedProfile {
  readonly defaultAction: string;
  readonly defaultErrno: number | null;
  readonly architectures: readonly string[];
  readonly archMap: readonly {
    readonly architecture: string;
    readonly subArchitectures: readonly string[];
  }[];
  readonly flags: readonly string[];
  readonly syscalls: readonly CheckedRule[];
}

export interface CheckedRule {
  /** At least one. */
  readonly names: readonly string[];
  readonly action: string;
  readonly errno: number | null;
  readonly args: readonly CheckedArgument[];
  readonly includes: CheckedScope;
  readonly excludes: CheckedScope;
}

export interface CheckedArgument {
  readonly index: number;
  /** Decimal digits of an unsigned 64-bit number. */
  readonly value: string;
  readonly valueTwo: string;
  readonly op: string;
}

export interface CheckedScope {
  readonly caps: readonly string[];
  readonly arches: readonly string[];
  readonly minKernel: readonly [major: number, minor: number] | null;
}

const expectedSeccomp = '"default", { allow } or { profile }';
const largestErrno = 4095;

/** Which filter the room is under. The default profile where there is nothing. */
export function parseSeccomp(value: unknown, field: string): CheckedSeccomp {
  if (value === undefined || value === 'default') return { kind: 'default', allow: [] };
  if (typeof value === 'string') throw wrongValue(field, expectedSeccomp, value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType(field, expectedSeccomp, value);
  }
  const { allow, profile } = readFields(value, field, [...seccompAllowanceKeys, ...seccompReplacementKeys]);
  if (allow !== undefined && profile !== undefined) {
    throw conflict(field, 'a profile replaces the default, so there is nothing for `allow` to add to');
  }
  if (profile !== undefined)
    return { kind: 'profile', profile: parseProfile(profile, child(field, 'profile')) };
  if (allow === undefined) throw wrongType(field, expectedSeccomp, value, 'neither');
  return { kind: 'default', allow: readList(allow, child(field, 'allow'), readText) };
}

function parseProfile(value: unknown, field: string): CheckedProfile {
  const fields = readFields(value, field, profileKeys);
  return {
    defaultAction: readText(fields.defaultAction, child(field, 'defaultAction')),
    defaultErrno: readErrno(
      fields.defaultErrnoRet,
      fields.defaultErrno,
      field,
      'defaultErrnoRet',
      'defaultErrno',
    ),
    architectures: readOptionalList(fields.architectures, child(field, 'architectures'), readText),
    archMap: readOptionalList(fields.archMap, child(field, 'archMap'), parseArchitectureMap),
    flags: readOptionalList(fields.flags, child(field, 'flags'), readText),
    syscalls: readOptionalList(fields.syscalls, child(field, 'syscalls'), parseRule),
  };
}

function parseArchitectureMap(value: unknown, field: string): CheckedProfile['archMap'][number] {
  const { architecture, subArchitectures } = readFields(value, field, archMapKeys);
  return {
    architecture: readText(architecture, child(field, 'architecture')),
    subArchitectures: readOptionalList(subArchitectures, child(field, 'subArchitectures'), readText),
  };
}

function parseRule(value: unknown, field: string): CheckedRule {
  const fields = readFields(value, field, ruleKeys);
  if (isThere(fields.comment)) readText(fields.comment, child(field, 'comment'));
  return {
    names: parseNames(fields.names, fields.name, field),
    action: readText(fields.action, child(field, 'action')),
    errno: readErrno(fields.errnoRet, fields.errno, field, 'errnoRet', 'errno'),
    args: readOptionalList(fields.args, child(field, 'args'), parseArgument),
    includes: parseScope(fields.includes, child(field, 'includes')),
    excludes: parseScope(fields.excludes, child(field, 'excludes')),
  };
}

function parseNames(names: unknown, name: unknown, field: string): readonly string[] {
  if (isThere(name)) {
    if (isThere(names)) throw conflict(child(field, 'name'), '`names` is there as well');
    return [readText(name, child(field, 'name'))];
  }
  const read = readList(names, child(field, 'names'), readText);
  if (read.length === 0) throw wrongValue(child(field, 'names'), 'at least one name', names, 'none');
  return read;
}

function parseArgument(value: unknown, field: string): CheckedArgument {
  const fields = readFields(value, field, argumentKeys);
  return {
    index: readInteger(fields.index, child(field, 'index'), 0, 5),
    value: readUnsigned64(fields.value, child(field, 'value')),
    valueTwo: isThere(fields.valueTwo) ? readUnsigned64(fields.valueTwo, child(field, 'valueTwo')) : '0',
    op: readText(fields.op, child(field, 'op')),
  };
}

function parseScope(value: unknown, field: string): CheckedScope {
  const { caps, arches, minKernel } = readFields(isThere(value) ? value : {}, field, scopeKeys);
  return {
    caps: readOptionalList(caps, child(field, 'caps'), readText),
    arches: readOptionalList(arches, child(field, 'arches'), readText),
    minKernel: isThere(minKernel) ? readKernelVersion(minKernel, child(field, 'minKernel')) : null,
  };
}

function readKernelVersion(value: unknown, field: string): readonly [number, number] {
  const expected = 'a kernel version such as "4.8"';
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})$/.exec(readText(value, field, expected)) ?? [];
  if (major === undefined || minor === undefined) throw wrongValue(field, expected, value);
  return [Number(major), Number(minor)];
}

/** The number counts. The name alone is refused: numbers of errors differ between systems, and this one may not be Linux. */
function readErrno(
  number: unknown,
  name: unknown,
  field: string,
  numberKey: string,
  nameKey: string,
): number | null {
  if (isThere(name)) {
    readText(name, child(field, nameKey));
    if (!isThere(number)) throw wrongType(child(field, numberKey), `the number of ${nameKey}`, number);
  }
  return isThere(number) ? readInteger(number, child(field, numberKey), 0, largestErrno) : null;
}

function readUnsigned64(value: unknown, field: string): string {
  const expected = 'an unsigned 64-bit number, as a string above 2^53';
  if (typeof value !== 'number' && typeof value !== 'string') throw wrongType(field, expected, value);
  const written =
    typeof value === 'number' ? Number.isSafeInteger(value) : /^(\d{1,20}|0x[\da-f]{1,16})$/i.test(value);
  const number = written ? BigInt(value) : -1n;
  if (number < 0n || number >= 2n ** 64n) throw wrongValue(field, expected, value);
  return number.toString();
}

function readList<T>(
  value: unknown,
  field: string,
  read: (element: unknown, field: string) => T,
): readonly T[] {
  return readArray(value, field).map((element, index) => read(element, `${field}[${String(index)}]`));
}

/** Programs written in Go print null for a list that is not there. */
function readOptionalList<T>(
  value: unknown,
  field: string,
  read: (element: unknown, field: string) => T,
): readonly T[] {
  return isThere(value) ? readList(value, field, read) : [];
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}
