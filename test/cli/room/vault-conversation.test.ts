import test from 'ava';
import { holdPage } from '../../helpers/conversation.js';
import { scratch } from '../../helpers/image.js';
import { program } from '../anchor-command.js';

test('the conversation of docs/vault.md is held as it stands there', async (t) => {
  t.timeout(300_000);
  await holdPage(t, 'docs/vault.md', 'anchor vault init', { program, directory: await scratch(t) });
});
