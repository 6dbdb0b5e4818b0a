// What docs/tutorials says to type is typed, word for word, and has to answer what the pages say.
import { symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import test from 'ava';
import { program } from '../cli/anchor-command.js';
import { holdPage } from '../helpers/conversation.js';
import { scratch } from '../helpers/image.js';

for (const name of ['train-and-forget', 'another-machine', 'agent-adds-a-dependency'])
  test(`docs/tutorials/${name}.md is a conversation that can be had`, async (t) => {
    t.timeout(300_000);
    const directory = await scratch(t);
    await symlink(resolve('.'), join(directory, 'anchor-rooms'));
    await holdPage(t, `docs/tutorials/${name}.md`, 'export ANCHOR_VAULT', { program, directory });
  });
