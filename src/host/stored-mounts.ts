import type { CheckedIdentity, CheckedVaultMount } from '../spec/checked.js';
import type { FileFacts } from './files.js';
import type { MountSources } from './mount-sources.js';
import { unmappedOwner } from './owners.js';
import type { ResolutionNote, ResolvedStored } from './resolved-room.js';
import { linkInVault, locateStored, notAsStored } from './vault.js';

/** Finds what a mount names in the vault: which generation it is, and whose files these are. */
export async function resolveStored(
  { index, reference: asked, at, noExec }: CheckedVaultMount,
  identity: CheckedIdentity,
  { vault, sources, idmaps }: MountSources,
  notes: ResolutionNote[],
): Promise<ResolvedStored> {
  const field = `mounts[${index}].vault`;
  if (vault === null) throw new Error('a spec that names a vault was not refused');
  const { reference, path: source } = await locateStored(vault, field, asked);
  const { kind, uid, gid, dev } = await lookAt(field, source, sources);
  const stored = { kind: 'stored', reference, source, sourceKind: kind, at, noExec } as const;
  const rest = { access: 'read', recursive: false } as const;
  if (identity === 'host') return { ...stored, ...rest, owner: null };
  // What is stored belongs to root: it appears as the room's user, as a directory of the host does.
  if (await idmaps.test(dev, source)) return { ...stored, ...rest, owner: { uid, gid } };
  notes.push(unmappedOwner(field, source));
  return { ...stored, ...rest, owner: null };
}

async function lookAt(
  field: string,
  path: string,
  sources: MountSources['sources'],
): Promise<FileFacts & { readonly kind: 'file' | 'directory' }> {
  const real = await sources.realPath(path).catch(() => null);
  // Launching refuses a link that comes in between: CloneHostTree() in native/launch/sources.cc.
  if (real !== path) throw linkInVault(field, path);
  const facts = await sources.stat(path);
  const { kind } = facts;
  if (kind === 'file' || kind === 'directory') return { ...facts, kind };
  throw notAsStored(field, path, 'it is neither a file nor a directory');
}
