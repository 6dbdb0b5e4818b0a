import { randomUUID } from 'node:crypto';
import { RoomError } from '../errors.js';
import { wrongType, wrongValue } from '../spec/field.js';
import type { RoomSpec } from '../spec/room-spec.js';
import { recorded, recorder } from '../vault/recorded.js';
import type { Vault } from '../vault/vault.js';
import type { CapsuleContents, CapsuleItem } from './contents.js';
import { readMachine, type Machine } from './machine.js';
import { shown } from './problem.js';
import type { Receipt } from './receipt.js';
import type { CapsuleSignature } from './signature.js';
import { isPlainName } from './stored-names.js';
import { requireWholeBag, storeItems, type Incoming, type StoreOptions } from './store-items.js';
import { withCapsule, type CapsuleVerification, type OpenBag, type VerifyCapsuleOptions } from './verify.js';

/** What may be received, and where it goes. One of `signers` and `acceptUnsigned` is needed. */
export interface ReceiveOptions extends VerifyCapsuleOptions, StoreOptions {
  /** Take a capsule without looking at who made it: its hashes say that it is whole, not that it is good. */
  readonly acceptUnsigned?: boolean;
  /** What plank and flake are called in the vault. Default: the name of the capsule. */
  readonly name?: string;
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
  return receiveIf(path, vault, options, () => undefined);
}

/** The same, unless `requireFit` throws, which sees the spec when all was verified and nothing was stored. */
export async function receiveIf(
  path: string,
  vault: Vault,
  options: ReceiveOptions,
  requireFit: (room: RoomSpec) => void,
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
  const say = recorder(vault, { operation: 'receive', transaction: transfer, transfer, from: path });
  return recorded(say, options.acceptUnsigned === true ? 'accepting any signer' : null, () =>
    withCapsule(path, options, (capsule) => {
      const whole = requireWhole(capsule.verification);
      requireFit(whole.room);
      return store(capsule, whole, vault, transfer, options);
    }),
  );
}

async function store(
  capsule: OpenBag<CapsuleVerification>,
  { id, contents, room, signature }: WholeCapsule,
  vault: Vault,
  transfer: string,
  options: ReceiveOptions,
): Promise<ReceivedCapsule> {
  const name = options.name ?? contents.name;
  const plankItem: CapsuleItem = { name, type: 'file', files: [contents.plank], emptyDirectories: [] };
  const incoming: readonly Incoming[] = [
    ...contents.weights.map((item) => ({ reference: `models/${item.name}`, item })),
    { reference: `planks/${name}`, item: plankItem },
    ...(contents.flake === null ? [] : [{ reference: `flakes/${name}`, item: contents.flake }]),
  ];
  const origin = { type: 'capsule', path: capsule.verification.path, capsule: id };
  const stored = await storeItems(capsule, vault, incoming, { origin, transfer }, options);
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

/** What the verification of a capsule said, in which nothing was wrong. */
interface WholeCapsule {
  readonly id: string;
  readonly contents: CapsuleContents;
  readonly room: RoomSpec;
  readonly signature: CapsuleSignature;
}

/** The verification of a capsule that is whole, or its first problem. */
function requireWhole(verification: CapsuleVerification): WholeCapsule {
  const { room } = verification;
  const whole = requireWholeBag(verification);
  if (room !== null) return { ...whole, room };
  throw new RoomError('ERR_COURIER_CONTENT', `${shown(verification.path)} has no room`, {
    path: verification.path,
  });
}

/** Pure. */
export function unmetBy({ arch, cpuFlags }: Machine, requires: CapsuleContents['requires']): string[] {
  const missing = requires.cpuFlags.filter((flag) => !cpuFlags.includes(flag));
  return [
    ...(requires.arch === arch ? [] : [`arch ${requires.arch}`]),
    ...missing.map((flag) => `cpu flag ${flag}`),
  ];
}
