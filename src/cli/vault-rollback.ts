import type { CommandPage } from './command-line.js';
import { switchCommand, switchOptions } from './vault-switch.js';

export const page = {
  name: 'anchor vault rollback',
  usage: ['[options] NAME'],
  about: [
    'Makes the newest generation that is older than the active one the active one. Rooms that run keep what they have; new ones ' +
      'get the old generation.',
  ],
  options: switchOptions,
} as const satisfies CommandPage;

export const command = switchCommand(page, (vault, name) => vault.rollback(name));
