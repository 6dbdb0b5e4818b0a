import type { Command } from './command.js';
import { courierCommands } from './commands.js';
import { exitCodes } from './exit-code.js';
import { choose } from './menu.js';

/** `anchor courier …`. */
export const command: Command = {
  failed: exitCodes.failed,
  run: (args) =>
    choose(
      {
        name: 'anchor courier',
        about:
          'A capsule is a directory that carries a room, its plank and its weights to another Anchor; a parcel one that carries anything else.',
        menu: courierCommands,
      },
      args,
    ),
};
