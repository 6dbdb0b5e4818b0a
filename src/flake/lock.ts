import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  inputChanges,
  lockName,
  lockText,
  parseLock,
  pinnedInputs,
  withoutPins,
  type FlakeInput,
  type InputChange,
} from './lock-file.js';
import { Workbench, type FlakePlace, type FlakeWorkOptions } from './prepare.js';
import { replaceText } from './replace-text.js';

/** How inputs are pinned. */
export interface FlakeLockOptions extends FlakeWorkOptions {
  /** Inputs that are looked at again; `all` of them. Others keep their pins, new ones get theirs. */
  readonly update?: 'all' | readonly string[];
}

/** What the inputs of a flake are pinned to. */
export interface FlakeLock {
  readonly inputs: readonly FlakeInput[];
  readonly changes: readonly InputChange[];
  /** `sha256:…` of flake.lock; null: there are no inputs, and no file. */
  readonly sha256: string | null;
  /** Whether flake.lock is another one than before. */
  readonly changed: boolean;
}

/** Pins what flake.nix names. flake.lock is the new one or the old one, each whole. */
export async function lockFlake(
  place: FlakePlace,
  update: 'all' | readonly string[],
  options: FlakeWorkOptions,
): Promise<FlakeLock> {
  return Workbench.with(place, options, async (bench) => {
    bench.begin('lock');
    const path = join(place.directory, lockName);
    const before = await bench.stage.read(lockName);
    const old = before === null ? null : parseLock(before, path);
    const names = update === 'all' ? Object.keys(old?.nodes[old.root]?.inputs ?? {}) : update;
    if (old !== null) {
      bench.inputs = pinnedInputsOrNone(old, path);
      await bench.stage.write(lockName, lockText(withoutPins(old, names, path)));
    }
    await bench.run('flake.lock', ['flake', 'lock', bench.reference()]);
    const written = await bench.stage.read(lockName);
    if (written === null) return { inputs: [], changes: [], sha256: null, changed: false };
    const lock = parseLock(written, path);
    const inputs = pinnedInputs(lock, path);
    const text = lockText(lock);
    const changed = text !== before;
    options.signal?.throwIfAborted();
    if (changed) await replaceText(path, text);
    return {
      inputs,
      changes: inputChanges(bench.inputs, inputs),
      sha256: `sha256:${createHash('sha256').update(text).digest('hex')}`,
      changed,
    };
  });
}

/** A lock that does not pin everything is what this is called for. */
function pinnedInputsOrNone(...args: Parameters<typeof pinnedInputs>): readonly FlakeInput[] {
  try {
    return pinnedInputs(...args);
  } catch {
    return [];
  }
}
