import type { ExecutionContext } from 'ava';
import type { RoomSpec } from '../../../src/index.js';
import { cProgram } from '../../helpers/c-program.js';
import type { Rooms } from '../../helpers/room.js';
import { lines } from '../../helpers/room.js';

/** Where rooms find the program. */
const inRoom = '/usr/local/bin/hostile';

/**
 * The path of the program made of test/escape/programs/hostile: one static file with every attack that a shell cannot make.
 */
export function hostileProgram(): Promise<string> {
  return (built ??= cProgram('test/escape/programs/hostile', ['-pthread']));
}

let built: Promise<string> | undefined;

/** A spec with the program in it: a read-only file of the host, so that the plank stays the one that all rooms share. */
export async function armed(more: Partial<RoomSpec> = {}): Promise<Partial<RoomSpec>> {
  const mounts = [...(more.mounts ?? []), { host: await hostileProgram(), at: inRoom }];
  return { ...more, mounts };
}

/** The lines that an attack prints. The test fails when the program does not come to its end. */
export async function attack(
  t: ExecutionContext,
  rooms: Rooms,
  argv: readonly string[],
  more: Partial<RoomSpec> = {},
): Promise<string[]> {
  const { stdout, stderr, outcome } = await rooms.anchor.run(
    rooms.spec(['hostile', ...argv], await armed(more)),
  );
  t.is(outcome.exitCode, 0, `hostile ${argv.join(' ')}: ${outcome.reason} ${stderr}`);
  return lines(stdout);
}
