import { readFileSync } from 'node:fs';
import { UsageError } from './command-error.js';

/** The JSON of a file that an option names; `-` is standard input. */
export function readJson(path: string, option: string): unknown {
  const name = path === '-' ? 'standard input' : path;
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new UsageError(`${option}: ${name} cannot be read: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UsageError(`${option}: ${name} is not JSON: ${(error as Error).message}`);
  }
}
