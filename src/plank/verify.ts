import { resolve } from 'node:path';
import { RoomError, SpecRangeError } from '../errors.js';
import { digestPlank, isDigest, type DigestOptions } from './digest.js';
import { readPlankHeader, type PlankFormat } from './header.js';
import { readSidecar, sidecarPath } from './sidecar.js';
import { findTool, runTool, toolPackages } from './tool.js';

/** One thing that was looked at, or was not. */
export interface PlankCheck {
  readonly name: 'header' | 'digest' | 'structure';
  readonly result: 'passed' | 'failed' | 'skipped';
  /** What was found, or why it was not looked at. For people. */
  readonly detail: string;
  /** Only with `failed`. */
  readonly error?: RoomError;
}

/** What is known about a plank after {@link verifyPlank}. */
export interface PlankVerification {
  readonly path: string;
  /** No check failed. Look at `checks` for those that were skipped. */
  readonly ok: boolean;
  readonly format: PlankFormat | null;
  /** `sha256:<hex>` of the file as it is; null when it was not read to the end. */
  readonly identity: string | null;
  readonly checks: readonly PlankCheck[];
}

/** What to verify a plank against. */
export interface VerifyOptions extends DigestOptions {
  /** `sha256:` and 64 hex digits. Default: what `<plank>.sha256` says, if that is there. */
  readonly digest?: string;
}

/**
 * Looks at a plank as closely as this host allows: the header, every byte against a digest, and the structure by the
 * programs of the format (`unsquashfs -lls` walks all inodes and directories; `fsck.erofs --extract` reads all data too).
 * Changed data inside a squashfs is seen by the digest only: its blocks have no checksums. The structure of a plank with
 * the wrong digest is not read: no need to show a foreign file to a C parser.
 *
 * @returns a report, also for a plank that is bad or missing.
 * @throws SpecRangeError for a malformed `digest`; the reason of the signal.
 */
export async function verifyPlank(path: string, options: VerifyOptions = {}): Promise<PlankVerification> {
  const { digest: expected, signal } = options;
  if (expected !== undefined && !isDigest(expected))
    throw new SpecRangeError('ERR_ROOM_SPEC_VALUE', 'digest', 'must be sha256: and 64 hex digits');
  signal?.throwIfAborted();

  const header = await checkHeader(path);
  const digest = header.format === null ? skippedDigest : await checkDigest(path, options);
  const structure =
    header.format === null || digest.check.result === 'failed'
      ? skip('structure', 'the checks before it failed')
      : await checkStructure(path, header.format, signal);
  const checks = [header.check, digest.check, structure];
  return {
    path,
    ok: checks.every(({ result }) => result !== 'failed'),
    format: header.format,
    identity: digest.identity,
    checks,
  };
}

const skippedDigest = { identity: null, check: skip('digest', 'the checks before it failed') };

async function checkHeader(path: string): Promise<{ format: PlankFormat | null; check: PlankCheck }> {
  try {
    const { format, compression, bytesUsed } = await readPlankHeader(path);
    const detail = `${format}, ${compression}, ${bytesUsed} bytes`;
    return { format, check: { name: 'header', result: 'passed', detail } };
  } catch (error) {
    return { format: null, check: failed('header', error, path) };
  }
}

async function checkDigest(
  path: string,
  { digest: given, signal, onProgress }: VerifyOptions,
): Promise<{ identity: string | null; check: PlankCheck }> {
  let identity: string | null = null;
  try {
    identity = await digestPlank(path, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
    const expected = given?.toLowerCase() ?? (await readSidecar(path));
    const source = given === undefined ? sidecarPath(path) : 'the digest asked for';
    if (expected === null)
      return { identity, check: skip('digest', `there is nothing to compare ${identity} with`) };
    if (expected !== identity)
      throw new RoomError('ERR_ROOM_PLANK_DIGEST', `${path} has ${identity}; ${source} says ${expected}`, {
        path,
        hint: 'the file was changed or damaged, or it is another plank: fetch or build it again',
      });
    return {
      identity,
      check: { name: 'digest', result: 'passed', detail: `${identity}, as ${source} says` },
    };
  } catch (error) {
    signal?.throwIfAborted();
    return { identity, check: failed('digest', error, path) };
  }
}

async function checkStructure(
  path: string,
  format: PlankFormat,
  signal: AbortSignal | undefined,
): Promise<PlankCheck> {
  const [tool, args] =
    format === 'squashfs'
      ? (['unsquashfs', ['-lls', resolve(path)]] as const)
      : (['fsck.erofs', ['--extract', resolve(path)]] as const);
  const program = await findTool(tool);
  if (program === null)
    return skip('structure', `${tool} is not installed: apt-get install ${toolPackages[tool]}`);
  const end = await runTool({ path: program, args, signal });
  if (end.ok) return { name: 'structure', result: 'passed', detail: `read by ${tool}` };
  const said = end.stderr.split('\n').slice(-3).join('; ');
  const error = new RoomError('ERR_ROOM_PLANK_INVALID', `${path} is damaged: ${tool} ${end.how}: ${said}`, {
    path,
  });
  return failed('structure', error, path);
}

function skip(name: PlankCheck['name'], detail: string): PlankCheck {
  return { name, result: 'skipped', detail };
}

function failed(name: PlankCheck['name'], thrown: unknown, path: string): PlankCheck {
  const error =
    thrown instanceof RoomError
      ? thrown
      : new RoomError('ERR_ROOM_PLANK_INVALID', `${path} cannot be read: ${(thrown as Error).message}`, {
          path,
          cause: thrown,
        });
  return { name, result: 'failed', detail: error.message, error };
}
