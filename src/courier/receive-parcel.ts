import { randomUUID } from 'node:crypto';
import type { CapsuleSignature } from '../capsule/signature.js';
import { requireWholeBag, storeItems, type Incoming } from '../capsule/store-items.js';
import type { ReceiveOptions } from '../capsule/receive.js';
import { RoomError } from '../errors.js';
import type { VaultKind } from '../spec/vault-kinds.js';
import { parseName, readKind } from '../spec/vault-reference.js';
import type { Vault } from '../vault/vault.js';
import { kindOf, type ParcelContents } from './parcel.js';
import { recorded, recorder } from '../vault/recorded.js';
import { withParcel } from './verify-parcel.js';

/** What may be received, and where it goes. One of `signers` and `acceptUnsigned` is needed. */
export interface ReceiveParcelOptions extends Omit<ReceiveOptions, 'name'> {
  /** What things that came from no vault are here. Without it they are refused. */
  readonly kind?: VaultKind;
}

/** What was stored, as `kind/name@generation`. */
export interface ReceivedParcel {
  readonly id: string;
  readonly name: string;
  /** In the audit log and in each meta.json. */
  readonly transfer: string;
  readonly stored: readonly string[];
  readonly signature: CapsuleSignature;
}

/**
 * Verifies a parcel and stores what is in it under the names that it had. Before that the vault is untouched but for its audit log.
 *
 * @throws RoomError: the first problem that verifying found; ERR_COURIER_UNTRUSTED; those of the vault; the reason of the signal.
 */
export async function receiveParcel(
  path: string,
  vault: Vault,
  options: ReceiveParcelOptions,
): Promise<ReceivedParcel> {
  if (options.signers === undefined && options.acceptUnsigned !== true)
    throw new RoomError('ERR_COURIER_UNTRUSTED', 'whose parcels may be received was not said', {
      path,
      hint: "Name a file of allowed signers (--signers, ssh-keygen(1)), or accept anybody's (--accept-unsigned).",
    });
  const kind = options.kind === undefined ? null : readKind(options.kind, 'kind');
  const transfer = randomUUID();
  const say = recorder(vault, { operation: 'receive', transaction: transfer, transfer, from: path });
  return recorded(say, options.acceptUnsigned === true ? 'accepting any signer' : 'signed ones only', () =>
    withParcel(path, options, async (parcel) => {
      const { id, contents, signature } = requireWholeBag(parcel.verification);
      const origin = { type: 'parcel', path, parcel: id };
      const stored = await storeItems(
        parcel,
        vault,
        incomingOf(contents, kind, path),
        { origin, transfer },
        options,
      );
      return { id, name: contents.name, transfer, stored, signature };
    }),
  );
}

function incomingOf({ items }: ParcelContents, kind: VaultKind | null, path: string): readonly Incoming[] {
  return items.map((item) => {
    const of = kindOf(item) ?? kind;
    if (of === null)
      throw new RoomError(
        'ERR_COURIER_SOURCE',
        `${item.name} came from no vault, and nobody said what it is`,
        {
          path,
          hint: 'Say it: --kind models.',
        },
      );
    const reference = `${of}/${item.name}`;
    parseName(reference, 'name');
    return { reference, item };
  });
}
