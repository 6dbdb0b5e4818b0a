import type { Command } from './command.js';
import { plankCommands } from './commands.js';
import { exitCodes } from './exit-code.js';
import { choose } from './menu.js';

/** `anchor plank …`. */
export const command: Command = {
  failed: exitCodes.failed,
  run: (args) =>
    choose(
      {
        name: 'anchor plank',
        about: 'Planks are room images: read-only squashfs or erofs files.',
        menu: plankCommands,
      },
      args,
    ),
};
