import type { CheckedCheckpoints, CheckedDropzone } from './checked.js';
import { parseDuration, type Duration } from './duration.js';
import { child, keysOf, pickFields, readFields, wrongType, wrongValue } from './field.js';
import { readFlag, readWord } from './scalar.js';
import { parseSize, type Size } from './size.js';
import type { VaultKind } from './vault-kinds.js';
import { readKind } from './vault-reference.js';

/**
 * A place of the room's own to write to, from which things come into the vault when the room ends: each file or directory at its top
 * becomes a new generation of the name that it has.
 */
export interface DropzoneSpec {
  /** The kind of what is written. */
  vault: VaultKind;
  /** Absolute path in the room; missing directories are made in the room's own layer. */
  at: string;
  access: 'write';
  /**
   * `on-success` (default): when the command returned 0. `always`: however it ended; what was left by a command that did not return 0
   * is stored and does not become the active generation, unless it is the first of its name.
   */
  keep?: 'on-success' | 'always';
  /** All that fits in it, at least 1 MiB. Taken from the vault's disk for as long as the room lives. Default 1 GiB. */
  size?: Size;
  /** Forbid executing programs from it. Default false. */
  noExec?: boolean;
  /** Lets the room have things kept while it runs. Without it nothing is before it ends. */
  checkpoints?: CheckpointsSpec;
}

/**
 * What the room moves to the directory `.checkpoints` of the dropzone (`rename(2)`, `mv`) becomes a new generation of its name while the room
 * runs. It is taken away at once, and comes back as `.checkpoints/.kept/NAME@GENERATION`, or in `.checkpoints/.refused`, for the room to remove.
 */
export interface CheckpointsSpec {
  /** The least time between two of them, at least 1 s. */
  every: Duration;
  /** How many there may be, refused ones included; 1 to 10,000. Default 100. */
  most?: number;
}

export const dropzoneKeys = keysOf<DropzoneSpec>({
  vault: true,
  at: true,
  access: true,
  keep: true,
  size: true,
  noExec: true,
  checkpoints: true,
});

const checkpointKeys = keysOf<CheckpointsSpec>({ every: true, most: true });

const leastInterval = 1000;
const mostCheckpoints = 10_000;
const usualCheckpoints = 100;

const leastDropzone = 2 ** 20;
const usualDropzone = 2 ** 30;
/** ext4 with blocks of 4 KiB. */
const mostDropzone = 2 ** 44;

/** Each is a descriptor that travels in one message with the streams of the room. */
export const mostDropzones = 16;

export function parseDropzone(
  entries: ReadonlyMap<string, unknown>,
  field: string,
  index: number,
  at: (value: unknown, field: string) => string,
): CheckedDropzone {
  const fields = pickFields(entries, field, dropzoneKeys);
  const size = child(field, 'size');
  const bytes = fields.size === undefined ? usualDropzone : parseSize(fields.size, size, leastDropzone);
  if (bytes > mostDropzone) throw wrongValue(size, 'at most 16 TiB', fields.size);
  return {
    kind: 'dropzone',
    index,
    vault: readKind(fields.vault, child(field, 'vault')),
    at: at(fields.at, child(field, 'at')),
    keep: readWord(fields.keep, child(field, 'keep'), ['on-success', 'always'], 'on-success'),
    bytes,
    noExec: readFlag(fields.noExec, child(field, 'noExec'), false),
    checkpoints:
      fields.checkpoints === undefined
        ? null
        : parseCheckpoints(fields.checkpoints, child(field, 'checkpoints')),
  };
}

function parseCheckpoints(value: unknown, field: string): CheckedCheckpoints {
  const { every, most = usualCheckpoints } = readFields(value, field, checkpointKeys);
  const interval = parseDuration(every, child(field, 'every'));
  if (interval < leastInterval) throw wrongValue(child(field, 'every'), 'at least 1 s', every);
  if (typeof most !== 'number') throw wrongType(child(field, 'most'), 'a number', most);
  if (!Number.isInteger(most) || most < 1 || most > mostCheckpoints)
    throw wrongValue(child(field, 'most'), 'a whole number from 1 to 10000', most);
  return { interval, most };
}
