import { randomUUID } from 'node:crypto';
import { recorded, recorder } from '../vault/recorded.js';
import type { FlakeBuild, PlankPlace } from './build.js';

/** Builds something, in the audit log of the vault between `begin` and its end. What fails is there with its message, which names the line. */
export async function recordedBuild<T>(
  { vault, reference }: PlankPlace,
  operation: 'build' | 'declare',
  { directory, message }: { readonly directory: string; readonly message: string | null },
  work: () => Promise<{ readonly result: T; readonly build: FlakeBuild }>,
): Promise<T> {
  const entry = { operation, transaction: randomUUID(), reference, from: directory };
  const { result } = await recorded(recorder(vault, entry), message, async () => {
    const done = await work();
    const { reference: built, manifest } = done.build;
    return { ...done, id: manifest.plank.replace('sha256:', ''), reference: built };
  });
  return result;
}
