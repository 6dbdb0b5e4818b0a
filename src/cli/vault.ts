import type { Command } from './command.js';
import { vaultCommands } from './commands.js';
import { exitCodes } from './exit-code.js';
import { choose } from './menu.js';

/** `anchor vault …`. */
export const command: Command = {
  failed: exitCodes.failed,
  run: (args) =>
    choose(
      {
        name: 'anchor vault',
        about:
          'A vault is a directory that outlives rooms: planks, models, datasets and flakes, in generations.',
        menu: vaultCommands,
      },
      args,
    ),
};
