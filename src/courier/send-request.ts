import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { capsuleSuffix, tagManifestName } from '../capsule/layout.js';
import type { CapsuleSource } from '../capsule/pack-request.js';
import { readDate } from '../capsule/pack.js';
import { isPlainName, storedPaths } from '../capsule/stored-names.js';
import {
  child,
  conflict,
  keysOf,
  readArray,
  readFields,
  readObject,
  wrongType,
  wrongValue,
} from '../spec/field.js';
import { readPath } from '../spec/path.js';
import { readFlag, readText } from '../spec/scalar.js';
import type { Size } from '../spec/size.js';
import { parseName, parseReference, referenceText } from '../spec/vault-reference.js';
import { Vault } from '../vault/vault.js';
import { parcelSuffix } from './layout.js';
import { readPolicy, type CheckedPolicy, type CourierPolicy } from './policy.js';
import type { SendPlan } from './send-plan.js';

/** Where something is sent. A drive is a device with a file system (`/dev/sdb1`, `/dev/sdb`) or `uuid:…`. */
export type SendTarget =
  { readonly directory: string } | { readonly drive: string } | { readonly vault: Vault };

/** What is sent, and where to. */
export interface SendRequest {
  /**
   * Paths of the host, or what `vault` has (`{ vault: 'models/x@3' }`). One capsule or parcel alone is sent as it is; everything else becomes
   * a parcel.
   */
  readonly sources: readonly CapsuleSource[];
  readonly to: SendTarget;
  /** What the parcel is called: `NAME.parcel`. Default: as its first source. */
  readonly name?: string;
  /** What one source of the host is called in a vault that it is sent to: `kind/name`. */
  readonly as?: string;
  /** What `{ vault }` of the sources means; the sending is recorded in its audit log. */
  readonly vault?: Vault;
  /** As in {@link CapsuleRequest}. */
  readonly split?: Size;
  /** Path of the SSH key that signs the parcel. */
  readonly sign?: string;
  /** `2026-11-21`, for bag-info.txt. Default: today, UTC. */
  readonly date?: string;
  readonly policy?: CourierPolicy;
  /**
   * Asked before anything goes to a drive; whatever but true refuses. Without it nothing does.
   */
  readonly onConsent?: (plan: SendPlan) => boolean | Promise<boolean>;
  /** Say what would be done, and do nothing. Default false. */
  readonly dryRun?: boolean;
  /** Begin anew where an earlier attempt left something. Default false: what is whole there is not copied again. */
  readonly restart?: boolean;
}

const keys = keysOf<SendRequest>({
  sources: true,
  to: true,
  name: true,
  as: true,
  vault: true,
  split: true,
  sign: true,
  date: true,
  policy: true,
  onConsent: true,
  dryRun: true,
  restart: true,
});

/** A source as it was asked for. */
export type CheckedSource =
  { readonly type: 'host'; readonly path: string } | { readonly type: 'vault'; readonly reference: string };

export interface CheckedSend {
  readonly sources: readonly CheckedSource[];
  readonly to: SendTarget;
  readonly name: string | null;
  readonly as: string | null;
  readonly vault: Vault | undefined;
  readonly split: Size | undefined;
  readonly sign: string | undefined;
  readonly date: string;
  readonly policy: CheckedPolicy;
  readonly onConsent: ((plan: SendPlan) => boolean | Promise<boolean>) | undefined;
  readonly dryRun: boolean;
  readonly restart: boolean;
}

/** Throws SpecTypeError, SpecRangeError; looks at nothing. */
export function readSend(request: SendRequest): CheckedSend {
  const fields = readFields(request, 'request', keys);
  const { vault, onConsent } = request;
  if (vault !== undefined && !(vault instanceof Vault)) throw wrongType('vault', 'an open Vault', vault);
  if (onConsent !== undefined && typeof onConsent !== 'function')
    throw wrongType('onConsent', 'a function', onConsent);
  const sources = readArray(fields.sources, 'sources').map((source, i) =>
    readSource(source, `sources[${i}]`, vault),
  );
  if (sources.length === 0) throw wrongValue('sources', 'at least one source', fields.sources);
  const to = readTarget(fields.to);
  const name = fields.name === undefined ? null : readText(fields.name, 'name');
  if (name !== null && !isPlainName(name)) throw wrongValue('name', 'a name of a-z 0-9 . _ -', name);
  const as = fields.as === undefined ? null : referenceText(parseName(fields.as, 'as'));
  if (as !== null && !('vault' in to))
    throw conflict('as', 'only a vault has names of its kinds; use "name"');
  if (as !== null && sources.length !== 1) throw conflict('as', 'names one source, and there are more');
  return {
    sources,
    to,
    name,
    as,
    vault,
    split: request.split,
    sign: fields.sign === undefined ? undefined : readPath(fields.sign, 'sign', 'the path of an SSH key'),
    date: readDate(fields.date),
    policy: readPolicy(fields.policy),
    onConsent,
    dryRun: readFlag(fields.dryRun, 'dryRun', false),
    restart: readFlag(fields.restart, 'restart', false),
  };
}

function readSource(source: unknown, field: string, vault: Vault | undefined): CheckedSource {
  if (typeof source === 'string') return { type: 'host', path: readPath(source, field, 'a path') };
  const reference = parseReference(readObject(source, field).get('vault'), child(field, 'vault'));
  if (vault === undefined) throw wrongType(field, 'a path, as there is no vault', source);
  return { type: 'vault', reference: referenceText(reference) };
}

function readTarget(to: unknown): SendTarget {
  const fields = [...readObject(to, 'to')];
  const [only] = fields;
  if (only === undefined || fields.length !== 1)
    throw wrongType('to', 'one of { directory }, { drive }, { vault }', to);
  const [key, value] = only;
  if (key === 'directory') return { directory: readPath(value, 'to.directory', 'a directory') };
  if (key === 'drive') return { drive: readPath(value, 'to.drive', 'a device such as /dev/sdb1, or uuid:…') };
  if (key === 'vault' && value instanceof Vault) return { vault: value };
  throw wrongType('to', 'one of { directory }, { drive }, { vault: an open Vault }', to);
}

/** What a parcel of these is called. Pure. */
export function usualName(source: CheckedSource): string {
  const name =
    source.type === 'host'
      ? basename(source.path)
      : source.reference.replace(/^.*\//, '').replace(/@.*$/, '');
  return storedPaths([name]).get(name) ?? 'parcel';
}

/** `capsule` or `parcel`, where the path is a whole one of them by its name. */
export async function bagAt(path: string): Promise<'capsule' | 'parcel' | null> {
  const suffix = [capsuleSuffix, parcelSuffix].find((candidate) =>
    path.replace(/\/+$/, '').endsWith(candidate),
  );
  if (suffix === undefined) return null;
  const whole = await lstat(join(path, tagManifestName)).then(
    (facts) => facts.isFile(),
    () => false,
  );
  if (!whole) return null;
  return suffix === capsuleSuffix ? 'capsule' : 'parcel';
}
