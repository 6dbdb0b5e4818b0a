import type { CommandPage } from './command-line.js';
import { switchCommand, switchOptions } from './vault-switch.js';

export const page = {
  name: 'anchor vault activate',
  usage: ['[options] NAME'],
  about: ['Makes the generation NAME (kind/name@generation) the active one.'],
  options: switchOptions,
} as const satisfies CommandPage;

export const command = switchCommand(page, (vault, name) => vault.activate(name));
