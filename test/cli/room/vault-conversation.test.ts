import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { hold, readConversation, withoutChance } from '../../helpers/conversation.js';
import { scratch } from '../../helpers/image.js';
import { program } from '../anchor-command.js';

const page = 'docs/vault.md';

// UPDATE_DOCS=1 writes into the page what was answered.
test('the conversation of docs/vault.md is held as it stands there', async (t) => {
  t.timeout(300_000);
  const directory = await scratch(t);
  const vault = join(directory, 'vault');
  const turns = await readConversation(page, 'anchor vault init');
  const typed = turns.map(({ command, answer }) => ({
    command: command.replaceAll('/vault', vault),
    answer,
  }));
  const held = await hold(typed, { program, directory, env: { ...process.env, ANCHOR_VAULT: vault } });
  const told = held.map(({ command, answer }) => ({
    command: command.replaceAll(vault, '/vault'),
    answer: answer.replaceAll(vault, '/vault'),
  }));
  if (process.env['UPDATE_DOCS'] === '1') {
    const block = (some: typeof turns): string =>
      some.map(({ command, answer }) => `$ ${command}\n${answer}`).join('');
    await writeFile(
      page,
      (await readFile(page, 'utf8')).replace(block(turns), () => block(told)),
    );
  }
  t.deepEqual(withoutChance(told), withoutChance(turns));
});
