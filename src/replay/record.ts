import { createHash, type Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Abortable } from '../abort.js';
import type { Anchor } from '../anchor.js';
import { vaultSources, withVaultSources } from '../capsule/portable-mounts.js';
import { makeReceipt, type Receipt, type ReceiptOutput } from '../capsule/receipt.js';
import { RoomError } from '../errors.js';
import { inspectPlank } from '../plank/inspect.js';
import type { Outcome } from '../room/outcome.js';
import type { Room } from '../room/room.js';
import type { CheckedPlank } from '../spec/checked.js';
import { parseRoomSpec } from '../spec/parse.js';
import type { RoomSpec } from '../spec/room-spec.js';
import type { StdioSpec } from '../spec/stdio.js';
import { parseReference, referenceText } from '../spec/vault-reference.js';
import { plankInVault, vaultOf } from './vault-of.js';

/** How a run is recorded. */
export interface RecordOptions extends Abortable {
  /** Is given what the room writes, as it comes. */
  readonly onOutput?: (name: 'stdout' | 'stderr', chunk: Uint8Array) => void;
}

/** A run that is over, and its receipt. */
export interface RecordedRun {
  readonly receipt: Receipt;
  readonly outcome: Outcome;
  readonly room: Room;
}

/**
 * Runs a room to its end and says what was run and what came of it, by hashes: the plank, what the room has of the vault, how it ended, what it
 * wrote to its standard output and error, and what was kept of its dropzones. It reads nothing from its standard input. What was hashed is what was run: the plank is bound to
 * its digest, mounts of the vault to the generation. Without a lifetime in the spec it may take for ever: use the signal.
 *
 * @throws what `anchor.spawn()` throws; ERR_COURIER_SOURCE for a plank without a digest (`'host'`) and for two things of a vault that have one
 * name; the reason of the signal.
 */
export async function recordRun(
  anchor: Anchor,
  spec: RoomSpec,
  { signal, onOutput }: RecordOptions = {},
): Promise<RecordedRun> {
  const checked = parseRoomSpec(spec);
  const { pinned, plank, weights } = await pin(anchor, spec, checked.plank, signal);
  const { room, outputs } = await runHashed(anchor, pinned, onOutput, signal);
  const outcome = await room.exited;
  const receipt = await makeReceipt({
    room: spec,
    plank,
    weights,
    outcome,
    outputs: { ...outputs, ...Object.fromEntries(keptOf(outcome)) },
  });
  return { receipt, outcome, room };
}

interface Pinned {
  readonly pinned: RoomSpec;
  readonly plank: string;
  readonly weights: Readonly<Record<string, string>>;
}

/** Binds everything that a name could mean something else for later. */
async function pin(
  anchor: Anchor,
  spec: RoomSpec,
  asked: CheckedPlank,
  signal: AbortSignal | undefined,
): Promise<Pinned> {
  const pins = new Map<string, string>();
  const weights: Record<string, string> = {};
  for (const { reference, name, field } of vaultSources(spec)) {
    const generation = await vaultOf(anchor, field).inspect(reference);
    pins.set(name, generation.reference);
    weights[name] = generation.meta.sha256;
  }
  const { plank, digest } = await pinPlank(anchor, asked, signal);
  const mounts = withVaultSources(spec.mounts ?? [], (name) => pins.get(name) ?? name);
  const stdio = typeof spec.stdio === 'object' && 'pty' in spec.stdio ? spec.stdio : quiet;
  return {
    pinned: { ...spec, plank, plankDigest: `sha256:${digest}`, mounts, stdio },
    plank: digest,
    weights,
  };
}

const quiet: StdioSpec = ['ignore', 'pipe', 'pipe'];

async function pinPlank(
  anchor: Anchor,
  plank: CheckedPlank,
  signal: AbortSignal | undefined,
): Promise<{ readonly plank: string; readonly digest: string }> {
  if (plank.kind === 'host')
    throw new RoomError(
      'ERR_COURIER_SOURCE',
      'the tree of this host has no digest that a receipt could name',
      {
        path: 'plank',
        hint: 'Build a plank: `anchor plank build`.',
      },
    );
  if (plank.kind === 'vault') {
    const { reference, meta } = await vaultOf(anchor, 'plank').inspect(plank.reference);
    return { plank: plankInVault(reference), digest: meta.sha256 };
  }
  const { identity } = await inspectPlank(plank.path, signal === undefined ? {} : { signal });
  return { plank: plank.path, digest: identity.slice('sha256:'.length) };
}

async function runHashed(
  anchor: Anchor,
  spec: RoomSpec,
  onOutput: RecordOptions['onOutput'],
  signal: AbortSignal | undefined,
): Promise<{ readonly room: Room; readonly outputs: Readonly<Record<string, ReceiptOutput>> }> {
  const room = await anchor.spawn(spec, signal === undefined ? {} : { signal });
  try {
    const names = ['stdout', 'stderr'] as const;
    const streams = names.flatMap((name) => {
      const stream = room[name];
      return stream === null ? [] : [{ name, stream }];
    });
    const hashed = await Promise.all(
      streams.map(async ({ name, stream }) => {
        const output = await hashStream(stream, (chunk) => onOutput?.(name, chunk));
        return [name, output] as const;
      }),
    );
    return { room, outputs: Object.fromEntries(hashed) };
  } catch (error) {
    await room.destroy();
    throw error;
  }
}

/** What a room left in dropzones, by name and without the generation, which is another one each time. */
function keptOf({ dropzones }: Outcome): readonly (readonly [string, ReceiptOutput])[] {
  return dropzones.flatMap(({ kept }) =>
    kept.map(({ reference, size, sha256 }) => {
      const named = { ...parseReference(reference), generation: null };
      return [referenceText(named), { size, sha256 }] as const;
    }),
  );
}

async function hashStream(stream: Readable, see: (chunk: Uint8Array) => void): Promise<ReceiptOutput> {
  const hash: Hash = createHash('sha256');
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
    see(chunk);
  }
  return { size, sha256: hash.digest('hex') };
}
