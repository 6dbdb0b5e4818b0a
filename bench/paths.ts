import { fileURLToPath } from 'node:url';

/** Places in the repository, as seen from the compiled files in `.build/bench`. */
const repository = fileURLToPath(new URL('../../', import.meta.url));

export const paths = {
  repository,
  /** Sources of the C programs. */
  floor: `${repository}bench/floor`,
  /** Everything the bench makes and keeps between runs. */
  cache: `${repository}.cache/bench`,
  /** The compiled lane programs. */
  commandLane: fileURLToPath(new URL('./lanes/command.js', import.meta.url)),
  roomLane: fileURLToPath(new URL('./lanes/room.js', import.meta.url)),
  liveLane: fileURLToPath(new URL('./lanes/live.js', import.meta.url)),
  checkSubject: fileURLToPath(new URL('./check/subject.js', import.meta.url)),
  limitsLane: fileURLToPath(new URL('./lanes/limits.js', import.meta.url)),
  endsLane: fileURLToPath(new URL('./lanes/ends.js', import.meta.url)),
} as const;
