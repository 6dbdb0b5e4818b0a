import { Readable } from 'node:stream';
import { SpecRangeError, SpecTypeError } from '../errors.js';
import type { PlankFormat } from './header.js';

/** Compressors a plank can be built with. `none`, `gzip`, `lz4`, `lz4hc` and `zstd` for squashfs; `none`, `lz4`, `lz4hc` for erofs. */
export type PlankCompression = 'zstd' | 'gzip' | 'lz4' | 'lz4hc' | 'none';

/** What to build. */
export interface PlankBuild {
  /**
   * A directory; a tar file (plain, gzip, zstd or xz, told apart by content); or a stream of such a tar.
   * A stream is destroyed when the build ends early.
   */
  readonly source: string | Readable;
  /** Path of the plank. Its directory must exist; a plank that is there is replaced as a whole. */
  readonly output: string;
  /** Default `squashfs`. */
  readonly format?: PlankFormat;
  /** Default `zstd` for squashfs, `none` for erofs. */
  readonly compression?: PlankCompression;
  /** gzip 1–9 (default 9), zstd 1–22 (default 9), lz4hc of erofs 1–12 (default 9); the others have no levels. */
  readonly level?: number;
  /** Threads of mksquashfs. Default: all processors. The bytes of the plank do not depend on it. */
  readonly processors?: number;
  /** Where a tar is unpacked. Default: the system's directory for temporary files (TMPDIR). */
  readonly temporary?: string;
}

/** A build with everything chosen. */
export interface CheckedBuild {
  readonly source: string | Readable;
  readonly output: string;
  readonly format: PlankFormat;
  readonly compression: PlankCompression;
  readonly level: number | null;
  readonly processors: number | null;
  readonly temporary: string | null;
}

interface Levels {
  readonly most: number;
  readonly default: number;
}

/** Which compressors a format has, and their levels. zstd 9: docs/planks.md has the measurements. */
const choices: Record<PlankFormat, Partial<Record<PlankCompression, Levels | null>>> = {
  squashfs: {
    zstd: { most: 22, default: 9 },
    gzip: { most: 9, default: 9 },
    lz4: null,
    lz4hc: null,
    none: null,
  },
  erofs: { none: null, lz4: null, lz4hc: { most: 12, default: 9 } },
};

const keys = new Set(['source', 'output', 'format', 'compression', 'level', 'processors', 'temporary']);

/**
 * Checks what a caller wrote and fills in the defaults. Pure.
 *
 * @throws SpecTypeError, SpecRangeError: name the field.
 */
export function checkBuild(build: PlankBuild): CheckedBuild {
  if (typeof (build as unknown) !== 'object' || (build as unknown) === null)
    throw new SpecTypeError('ERR_ROOM_SPEC_TYPE', 'build', 'must be an object');
  for (const key of Object.keys(build))
    if (!keys.has(key))
      throw new SpecTypeError('ERR_ROOM_SPEC_UNKNOWN_KEY', key, 'is not an option of a build');

  const { source, output, format = 'squashfs', temporary } = build;
  if (!(source instanceof Readable)) checkPath(source, 'source');
  checkPath(output, 'output');
  if (temporary !== undefined) checkPath(temporary, 'temporary');

  const compressors = choices[oneOf(format, Object.keys(choices) as PlankFormat[], 'format')];
  const compression = build.compression ?? (format === 'squashfs' ? 'zstd' : 'none');
  oneOf(compression, Object.keys(compressors) as PlankCompression[], 'compression');
  const levels = compressors[compression] ?? null;
  if (levels === null && build.level !== undefined)
    throw new SpecRangeError('ERR_ROOM_SPEC_CONFLICT', 'level', `${compression} of ${format} has no levels`);
  if (build.level !== undefined && levels !== null) checkInteger(build.level, levels.most, 'level');
  if (build.processors !== undefined) checkInteger(build.processors, 1024, 'processors');

  return {
    source,
    output,
    format,
    compression,
    level: build.level ?? levels?.default ?? null,
    processors: build.processors ?? null,
    temporary: temporary ?? null,
  };
}

function checkPath(value: unknown, field: string): asserts value is string {
  const also = field === 'source' ? ' or a Readable' : '';
  if (typeof value !== 'string')
    throw new SpecTypeError('ERR_ROOM_SPEC_TYPE', field, `must be a path${also}, is ${typeof value}`);
  if (value === '' || value.includes('\0'))
    throw new SpecRangeError('ERR_ROOM_SPEC_VALUE', field, 'must be a path without NUL and not empty');
}

function checkInteger(value: unknown, most: number, field: string): void {
  if (typeof value !== 'number')
    throw new SpecTypeError('ERR_ROOM_SPEC_TYPE', field, `must be a number, is ${typeof value}`);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new SpecRangeError(
      'ERR_ROOM_SPEC_VALUE',
      field,
      `must be a whole number from 1 to ${most}, is ${value}`,
    );
}

function oneOf<Name extends string>(value: unknown, names: readonly Name[], field: string): Name {
  if (typeof value !== 'string')
    throw new SpecTypeError('ERR_ROOM_SPEC_TYPE', field, `must be a string, is ${typeof value}`);
  if (!(names as readonly string[]).includes(value))
    throw new SpecRangeError('ERR_ROOM_SPEC_VALUE', field, `must be one of ${names.join(', ')}; is ${value}`);
  return value as Name;
}
