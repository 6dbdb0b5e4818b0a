import { SpecRangeError, SpecTypeError, type RoomError } from '../errors.js';
import { decodeText } from './manifest.js';
import { problem } from './problem.js';

/** A tag file of JSON that says what a bag holds. */
export interface OneText<C> {
  /** What it is called in the bag. */
  readonly file: string;
  /** The key of its version, which is 1. */
  readonly version: string;
  /** Throws SpecTypeError or SpecRangeError. */
  readonly read: (value: unknown) => C;
  readonly write: (contents: C) => string;
}

/** Its content, or what is wrong with it. One content has one text: what is signed cannot say a second thing to another reader. Pure. */
export function parseOneText<C>(
  bytes: Uint8Array,
  { file, version, read, write }: OneText<C>,
): C | RoomError {
  const wrong = (why: string): RoomError => problem('ERR_COURIER_CONTENT', file, why);
  const text = decodeText(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    return wrong('is no JSON');
  }
  const given = (value as Readonly<Record<string, unknown>> | null)?.[version];
  if (typeof given === 'number' && given !== 1)
    return problem(
      'ERR_COURIER_VERSION',
      file,
      `is of version ${given}, and this package knows 1`,
      'Update anchor-rooms.',
    );
  try {
    const contents = read(value);
    return write(contents) === text ? contents : wrong('has another form than it is written in');
  } catch (error) {
    if (error instanceof SpecTypeError || error instanceof SpecRangeError) return wrong(error.message);
    throw error;
  }
}
