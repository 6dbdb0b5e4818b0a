import type { Command } from './command.js';
import { flakeCommands } from './commands.js';
import { exitCodes } from './exit-code.js';
import { choose } from './menu.js';

/** `anchor flake …`. */
export const command: Command = {
  failed: exitCodes.failed,
  run: (args) =>
    choose(
      {
        name: 'anchor flake',
        about:
          'A flake is a directory with flake.nix: what a plank is built from, with the program nix. Rooms need none.',
        menu: flakeCommands,
      },
      args,
    ),
};
