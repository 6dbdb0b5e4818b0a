import { paths } from '../paths.js';
import type { Command } from '../lanes/command.js';
import type { Workshop } from '../workshop/workshop.js';

/** Something that can start the program: our library, a sandbox to compare with, or the floor. */
export interface Contender {
  /** For `--only`, and the key in saved runs. */
  readonly name: string;
  /**
   * Finds it, asks for its version and says how its lane is started. Throws `Unavailable` with the reason when it
   * cannot run here: a contender is listed with its reason, never dropped.
   */
  prepare(workshop: Workshop): Promise<Preparation>;
}

export interface Preparation {
  readonly version: string;
  /** What a room of the library has that this has not, or the other way round; readers judge the ratio by it. */
  readonly differs: string;
  /** The command line of the lane process (bench/lanes/protocol.ts). */
  readonly lane: readonly string[];
}

/** The lane of a contender that is a command line. */
export function commandLane(command: Command): string[] {
  return [process.execPath, paths.commandLane, JSON.stringify(command)];
}
