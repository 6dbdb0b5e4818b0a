import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { requireSignal } from '../abort.js';
import { loadAddon } from '../addon/load.js';
import type { Addon } from '../../types/addon.js';
import { longestOnFat, unfinishedSuffix } from '../capsule/layout.js';
import { readSplit, type Splitting } from '../capsule/pack-request.js';
import { mostParts } from '../capsule/stored-names.js';
import { refuseExisting } from '../capsule/pack.js';
import { RoomError } from '../errors.js';
import { wrongValue } from '../spec/field.js';
import { namesIn } from '../vault/durable.js';
import type { Lease } from '../vault/leases.js';
import type { TransferOptions } from '../vault/transfer.js';
import { findCargo, type Cargo } from './cargo.js';
import { requireAllowed } from './policy.js';
import { goneError, isFree } from './private-mount.js';
import { withPace, type SendOptions } from './progress.js';
import { recorded, recorder } from '../vault/recorded.js';
import type { SendPlan } from './send-plan.js';
import { readSend, type CheckedSend, type SendRequest } from './send-request.js';
import { sendToVault } from './send-to-vault.js';
import { inTermsOf } from './target-error.js';
import { withTargetLock } from './target-lock.js';
import {
  findDirectory,
  findDrive,
  openTarget,
  plannedTarget,
  type FoundTarget,
  type Target,
} from './target.js';
import { surveyLeftover, tagNames } from './unfinished.js';
import { requireSpace, writeCargo } from './write-cargo.js';

/** What was sent. */
export interface SentCargo {
  /** In the audit logs. */
  readonly transfer: string;
  readonly plan: SendPlan;
  /** Only the plan was made. */
  readonly dryRun: boolean;
  /** SHA-256 of its manifest; null of a dry run, and of a vault. */
  readonly id: string | null;
  /** What a vault has now, as `kind/name@generation`. */
  readonly stored: readonly string[];
  /** Bytes that were at the target already, and right. */
  readonly kept: number;
  /** It was mounted for this, is unmounted again, and nobody has it: it may be pulled out. */
  readonly released: boolean;
}

/**
 * Sends things of a vault or of the host to a directory, a drive or another vault: one way, once, and verified. What is read is hashed on the way, all of
 * it is brought to the device, read back from there past the page cache, compared, and only then has its name. What was interrupted goes on
 * when it is sent again: whatever is there is compared with the source, and not copied again where it is right.
 *
 * @throws SpecTypeError, SpecRangeError for a request that is wrong; RoomError ERR_COURIER_SOURCE, _TARGET, _DRIVE, _MOUNT, _GONE, _BUSY, _REFUSED,
 * _TOOL, _SIGNATURE; those of reading and writing, ERR_VAULT_…; the reason of the signal. The source is never changed.
 */
export async function send(request: SendRequest, options: SendOptions = {}): Promise<SentCargo> {
  requireSignal(options.signal);
  options.signal?.throwIfAborted();
  const checked = readSend(request);
  const { addon } = loadAddon();
  const paced = withPace(options);
  const transfer = randomUUID();
  const leases: Lease[] = [];
  try {
    if ('vault' in checked.to)
      return await sendToVault(addon, checked, checked.to.vault, transfer, leases, paced);
    const { to } = checked;
    const find = (): Promise<FoundTarget> =>
      'drive' in to ? findDrive(to.drive) : findDirectory(to.directory);
    const found = await find();
    const cargo = await findCargo(addon, checked, leases, paced);
    const say = recorder(checked.dryRun ? undefined : checked.vault, {
      operation: 'send',
      transaction: transfer,
      transfer,
      to: join(found.path, cargo.name),
    });
    return await recorded(say, namesOf(cargo), () =>
      sendTo(addon, { find, found }, cargo, checked, transfer, paced),
    );
  } finally {
    for (const lease of leases) await lease.release();
  }
}

async function sendTo(
  addon: Addon,
  { find, found }: { readonly find: () => Promise<FoundTarget>; readonly found: FoundTarget },
  cargo: Cargo,
  request: CheckedSend,
  transfer: string,
  options: TransferOptions,
): Promise<SentCargo> {
  // Looked at before anybody is asked, and opened for writing only then.
  const { result: looked } = await withTarget(addon, found, false, (target) =>
    look(addon, cargo, target, request),
  );
  const { plan, splitting } = looked;
  requireAllowed(request.policy, plan);
  if (request.dryRun) return { transfer, plan, dryRun: true, id: null, stored: [], kept: 0, released: false };
  if (plan.target.kind === 'drive') {
    await requireConsent(request, plan);
    requireSameDrive(found, await find());
  }
  options.signal?.throwIfAborted();
  const { result, unmounted } = await withTarget(addon, found, true, (target) =>
    withTargetLock(addon, target, () => writeCargo(addon, cargo, target, request, splitting, options)),
  );
  const released = unmounted && found.volume !== null && (await isFree(found.volume.path).catch(() => false));
  return { transfer, plan, dryRun: false, id: result.id, stored: [], kept: result.kept, released };
}

/** Opens a target, does something with it, and lets go of it on every path. */
async function withTarget<T>(
  addon: Addon,
  found: FoundTarget,
  writing: boolean,
  work: (target: Target) => Promise<T>,
): Promise<{ readonly result: T; readonly unmounted: boolean }> {
  const target = await openTarget(addon, found, writing);
  let result: T;
  try {
    result = await work(target);
  } catch (error) {
    const told = await inTermsOf(target, error);
    await target.release().catch(() => undefined);
    throw told;
  }
  try {
    return { result, unmounted: await target.release() };
  } catch (error) {
    throw await inTermsOf(target, error);
  }
}

/** What would be done, refused where it cannot be. */
async function look(
  addon: Addon,
  cargo: Cargo,
  target: Target,
  request: CheckedSend,
): Promise<{ readonly plan: SendPlan; readonly splitting: Splitting | null }> {
  const splitting = splittingOf(cargo, target, request);
  const path = join(target.root, cargo.name);
  await refuseExisting(path);
  const there = (await namesIn(target.root)).includes(`${cargo.name}${unfinishedSuffix}`);
  const tags = cargo.content.type === 'bag' ? [] : tagNames;
  const leftover =
    there && !request.restart
      ? await surveyLeftover(addon, `${path}${unfinishedSuffix}`, cargo.files, tags, splitting)
      : null;
  if (!request.restart) requireSpace(cargo, target, leftover?.bytes ?? 0);
  const plan: SendPlan = {
    path: join(target.path, cargo.name),
    name: cargo.name,
    target: plannedTarget(target),
    items: cargo.things,
    files: cargo.files.length,
    bytes: cargo.files.reduce((sum, { size }) => sum + size, 0),
    present: leftover?.bytes ?? 0,
    split: splitting === null ? 0 : cargo.files.filter(({ size }) => size > splitting.over).length,
  };
  return { plan, splitting };
}

function splittingOf(
  { content, files }: Cargo,
  { fat, path }: Target,
  { split }: CheckedSend,
): Splitting | null {
  const longest = files.reduce((most, { size }) => Math.max(most, size), 0);
  if (content.type === 'bag') {
    if (!fat || longest <= longestOnFat) return null;
    throw new RoomError('ERR_COURIER_TARGET', `${path} is FAT, which takes no file of ${longest} bytes`, {
      path,
      hint: 'Pack it with --split fat32, or make another file system there (exFAT, ext4).',
    });
  }
  const splitting = readSplit(split, fat);
  if (splitting !== null && longest > splitting.part * mostParts)
    throw wrongValue('split', `parts of which ${mostParts} hold ${longest} bytes`, split);
  return splitting;
}

/** Between the question and the answer somebody may have changed the stick. */
function requireSameDrive(found: FoundTarget, now: FoundTarget): void {
  const same =
    now.volume?.uuid === found.volume?.uuid &&
    now.volume?.number === found.volume?.number &&
    now.directory === found.directory;
  if (!same) throw goneError(found.path);
}

async function requireConsent({ onConsent }: CheckedSend, plan: SendPlan): Promise<void> {
  // A frontend in JavaScript may give anything; only true is consent.
  const answer: unknown = onConsent === undefined ? false : await onConsent(plan);
  if (answer === true) return;
  throw new RoomError(
    'ERR_COURIER_REFUSED',
    onConsent === undefined ? 'nobody was asked whether it may leave on a drive' : 'nobody consented to it',
    { path: plan.target.path, hint: 'Nothing was copied. Consent with onConsent, or --yes.' },
  );
}

function namesOf({ things }: Cargo): string {
  return things.map(({ source }) => source).join(', ');
}
