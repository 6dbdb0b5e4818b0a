import test from 'ava';
import type { CommandPage } from '../../src/cli/command-line.js';
import {
  commands,
  courierCommands,
  flakeCommands,
  plankCommands,
  vaultCommands,
} from '../../src/cli/commands.js';
import { renderHelp, wrap } from '../../src/cli/help.js';
import { renderMenu } from '../../src/cli/menu.js';

async function pages(): Promise<CommandPage[]> {
  const menus = [commands, plankCommands, vaultCommands, courierCommands, flakeCommands];
  const entries = menus.flatMap((menu) => Object.values(menu));
  const loaded = await Promise.all(entries.map(({ load }) => load()));
  return loaded.flatMap(({ command }) => command.page ?? []);
}

test('every command has a page that names it and all its options', async (t) => {
  const all = await pages();
  t.deepEqual(
    all.map(({ name }) => name),
    [
      ...['run', 'replay', 'doctor', 'bench', 'plank build', 'plank inspect', 'plank verify'],
      ...Object.keys(vaultCommands).map((name) => `vault ${name}`),
      ...Object.keys(courierCommands).map((name) => `courier ${name}`),
      ...Object.keys(flakeCommands).map((name) => `flake ${name}`),
    ].map((name) => `anchor ${name}`),
  );
  for (const page of all) {
    const help = renderHelp(page);
    t.true(help.startsWith(`Usage: ${page.name} `), page.name);
    t.regex(help, /-h, --help/);
    for (const option of Object.keys(page.options)) t.regex(help, new RegExp(`--${option}\\b`), page.name);
  }
});

test('no line of a help is wider than a hundred columns, and none is cut', async (t) => {
  for (const page of await pages()) {
    const lines = renderHelp(page).split('\n');
    t.deepEqual(
      lines.filter((line) => line.length > 100 || line !== line.trimEnd()),
      [],
      page.name,
    );
  }
});

test('short names are unique within a command', async (t) => {
  for (const { name, options } of await pages()) {
    const short = Object.values(options).flatMap((row) => row.short ?? []);
    t.is(new Set([...short, 'h']).size, short.length + 1, name);
  }
});

test('a menu lists its commands', (t) => {
  const options = { version: { help: 'the version', text: () => '1' } };
  const help = renderMenu({ name: 'anchor', about: 'Rooms.', menu: commands, options });
  for (const word of Object.keys(commands)) t.regex(help, new RegExp(`^  ${word} `, 'm'));
  t.regex(help, /--version +the version/);
});

test('lines break at spaces, and samples do not', (t) => {
  t.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  t.deepEqual(wrap('unbreakable-word x', 5), ['unbreakable-word', 'x']);
  t.deepEqual(wrap('  a sample that is long', 7), ['  a sample that is long']);
});
