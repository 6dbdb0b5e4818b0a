import { Anchor } from '../index.js';
import { namedVault } from './vault-option.js';

/** An Anchor for one room, with the vault that the command line names. This process exists for it, so it may be moved to where limits are possible. */
export async function withAnchor<T>(
  vault: string | undefined,
  work: (anchor: Anchor) => Promise<T>,
): Promise<T> {
  const anchor = await Anchor.open({
    launchers: 1,
    reserve: 0,
    cgroup: { delegate: true },
    vault: namedVault(vault),
  });
  try {
    return await work(anchor);
  } finally {
    await anchor.close();
  }
}
