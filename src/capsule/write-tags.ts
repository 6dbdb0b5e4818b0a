import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeNew } from '../vault/durable.js';
import { attempt } from '../vault/system-error.js';
import type { Vault } from '../vault/vault.js';
import { bagInfoText } from './bag-info.js';
import type { BagKind } from './bag-kind.js';
import { assembledEntries, piecesOf, type CapsulePiece } from './contents.js';
import { declarationText, signatureName, tagFiles, tagManifestName } from './layout.js';
import { manifestText } from './manifest.js';
import { sign } from './signature.js';

/** What the tag files of a bag say beside what they list. */
export interface TagTexts {
  readonly contentsText: string;
  readonly readme: string;
  readonly date: string;
  /** Its id and the head of its log go along. */
  readonly vault: Vault | undefined;
  readonly sign: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The tag files of a bag, on the disk but for their names. */
export interface WrittenTags {
  /** SHA-256 of the manifest. */
  readonly id: string;
  /** Hash of each file of the bag, payload included. */
  readonly written: ReadonlyMap<string, string>;
  readonly pieces: readonly CapsulePiece[];
  /** Of the payload. */
  readonly bytes: number;
}

/** Writes all tag files of a bag whose payload is there, the one that makes it a whole one last. */
export async function writeTags<C>(
  directory: string,
  kind: BagKind<C>,
  contents: C,
  { contentsText, readme, date, vault, sign: key, signal }: TagTexts,
): Promise<WrittenTags> {
  const written = new Map<string, string>();
  const write = async (file: string, text: string): Promise<void> => {
    await attempt('vault.target', file, () => writeNew(join(directory, file), text, 0o644));
    written.set(file, sha256Of(text));
  };
  const files = kind.filesOf(contents);
  const pieces = piecesOf(files);
  const bytes = pieces.reduce((sum, { size }) => sum + size, 0);
  const manifest = manifestText(pieces);
  const head = vault === undefined ? null : (await vault.verifyLog()).head;
  await write(tagFiles.declaration, declarationText);
  await write(
    tagFiles.info,
    bagInfoText(
      { bytes, files: pieces.length, date, vaultId: vault?.id ?? null, auditHead: head },
      kind.profile,
    ),
  );
  await write(tagFiles.readme, readme);
  await write(kind.contentsName, contentsText);
  await write(tagFiles.manifest, manifest);
  await write(tagFiles.assembled, manifestText(assembledEntries(files)));
  const tags = manifestText([...written].map(([path, sha256]) => ({ path, sha256 })));
  await write(tagManifestName, tags);
  if (key !== undefined) await write(signatureName, await sign(Buffer.from(tags), key, signal));
  for (const piece of pieces) written.set(piece.path, piece.sha256);
  return { id: sha256Of(manifest), written, pieces, bytes };
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
