import { RoomError, type ErrorCode } from '../errors.js';

/** What is wrong with a capsule, as an error with its own code; `path` is below the capsule. */
export function problem(
  code: ErrorCode & `ERR_COURIER_${string}`,
  path: string,
  why: string,
  hint?: string,
): RoomError {
  return new RoomError(code, `${shown(path)}: ${why}`, { path, ...(hint === undefined ? {} : { hint }) });
}

/** A path of a stranger as it can be printed: what a terminal would act on, or would show as something else, is escaped. */
export function shown(path: string): string {
  if (/^[\w./+-]+$/.test(path)) return path;
  return JSON.stringify(path.length > longestShown ? `${path.slice(0, longestShown)}…` : path).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const longestShown = 200;
