import type { CheckedEnv } from './checked.js';
import { refuseLongArgument } from './command.js';
import { child, kind, readObject, wrongType, wrongValue } from './field.js';
import { refuseUnwritable } from './scalar.js';

/** The PATH of a command whose spec gives none. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The whole environment, in the order it was written. Messages never show a value: it may be a secret. */
export function parseEnv(value: unknown, field: string): CheckedEnv {
  const entries = value === undefined ? new Map<string, unknown>() : readObject(value, field);
  const env: [name: string, value: string][] = [];
  for (const [name, text] of entries) {
    const variable = child(field, name);
    if (name === '' || name.includes('=')) {
      throw wrongValue(variable, 'a name that is not empty and has no "="', name);
    }
    refuseUnwritable(name, variable, 'a name');
    if (typeof text !== 'string') throw wrongType(variable, 'a string', text, kind(text));
    refuseUnwritable(text, variable);
    refuseLongArgument(`${name}=${text}`, variable);
    env.push([name, text]);
  }
  if (!entries.has('PATH')) env.push(['PATH', defaultPath]);
  return env;
}
