import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { errorCodes } from '../../src/errors.js';
import { text } from './files.js';

interface Generator {
  renderErrorDocs: (codes: Readonly<Record<string, string>>) => string;
}

test('docs/errors.md is what src/errors.ts says', async (t) => {
  const { renderErrorDocs } = (await import(
    pathToFileURL(resolve('scripts/make-error-docs.mjs')).href
  )) as Generator;
  t.is(text('docs/errors.md'), renderErrorDocs(errorCodes));
});

test('every code is documented once', (t) => {
  const documented = [...text('docs/errors.md').matchAll(/^\| `(ERR_\w+)`/gm)].map((match) => match[1]!);
  t.deepEqual(documented.sort(), Object.keys(errorCodes).sort());
});
