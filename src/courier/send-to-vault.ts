import type { Addon } from '../../types/addon.js';
import { RoomError } from '../errors.js';
import type { Lease } from '../vault/leases.js';
import type { TransferOptions } from '../vault/transfer.js';
import type { Vault } from '../vault/vault.js';
import { findCargo, type Cargo, type CargoItem } from './cargo.js';
import { requireAllowed } from './policy.js';
import { recorded, recorder } from '../vault/recorded.js';
import type { SendPlan } from './send-plan.js';
import type { SentCargo } from './send.js';
import type { CheckedSend } from './send-request.js';

/**
 * Sends to another vault: each thing becomes a new generation of the same name there, with the digest that it has here. They become active
 * once all of them are stored. Both logs have it.
 */
export async function sendToVault(
  addon: Addon,
  request: CheckedSend,
  vault: Vault,
  transfer: string,
  leases: Lease[],
  options: TransferOptions,
): Promise<SentCargo> {
  if (request.vault?.id === vault.id)
    throw new RoomError('ERR_COURIER_TARGET', `${vault.path} is the vault that it is sent from`, {
      path: vault.path,
      hint: 'Another generation of the same is made by `anchor vault put`.',
    });
  const cargo = await findCargo(addon, request, leases, options);
  const items = namedItems(cargo, request);
  const plan = planOf(cargo, vault);
  const entry = { transaction: transfer, transfer } as const;
  const said = plan.items.map(({ source }) => source).join(', ');
  const leaving = recorder(request.dryRun ? undefined : request.vault, {
    operation: 'send',
    to: vault.path,
    ...entry,
  });
  return recorded(leaving, said, async () => {
    requireAllowed(request.policy, plan);
    const sent = { transfer, plan, id: null, kept: 0, released: false };
    if (request.dryRun) return { ...sent, dryRun: true, stored: [] };
    const coming = recorder(vault, {
      operation: 'receive',
      from: request.vault?.path ?? 'the host',
      ...entry,
    });
    return recorded(coming, said, async () => {
      const from = request.vault === undefined ? {} : { vault: request.vault.id };
      const stored = await storeAll(vault, items, { ...from }, transfer, options);
      return { ...sent, dryRun: false, stored: stored.references, kept: stored.shared };
    });
  });
}

interface Named {
  readonly reference: string;
  readonly item: CargoItem;
}

function namedItems({ content, name }: Cargo, { as }: CheckedSend): readonly Named[] {
  if (content.type === 'bag')
    throw new RoomError('ERR_COURIER_TARGET', `${name} does not go into a vault as it is`, {
      path: name,
      hint: '`anchor courier receive` verifies it and stores what is in it.',
    });
  return content.items.map((item) => {
    const reference = as ?? item.reference?.replace(/@\d+$/, '');
    if (reference !== undefined) return { reference, item };
    throw new RoomError('ERR_COURIER_SOURCE', `${item.thing.source} has no name of a vault`, {
      path: item.thing.source,
      hint: 'Say what it is called there: --as models/NAME.',
    });
  });
}

function planOf({ things, files }: Cargo, vault: Vault): SendPlan {
  return {
    path: vault.path,
    name: vault.path,
    target: {
      kind: 'vault',
      path: vault.path,
      device: null,
      label: null,
      uuid: vault.id,
      model: null,
      fileSystem: null,
      free: null,
    },
    items: things,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    present: 0,
    split: 0,
  };
}

async function storeAll(
  vault: Vault,
  items: readonly Named[],
  from: Readonly<Record<string, string>>,
  transfer: string,
  options: TransferOptions,
): Promise<{ readonly references: readonly string[]; readonly shared: number }> {
  const references: string[] = [];
  let shared = 0;
  try {
    for (const { reference, item } of items) {
      const origin =
        item.reference === null
          ? { type: 'host', path: item.path }
          : { type: 'vault', path: item.path, reference: item.reference, ...from };
      const put = await vault.put(reference, item.path, {
        ...options,
        activate: false,
        source: origin,
        transfer,
        ...(item.meta === null ? {} : { expect: `sha256:${item.meta.sha256}` }),
      });
      references.push(put.reference);
      shared += put.shared;
    }
    for (const reference of references) await vault.activate(reference);
    return { references, shared };
  } catch (error) {
    // What is active is not removed: the first of its name, and what somebody may be using by now.
    for (const reference of [...references].reverse()) await vault.remove(reference).catch(() => undefined);
    throw error;
  }
}
