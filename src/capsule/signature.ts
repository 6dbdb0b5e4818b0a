import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onAbort } from '../abort.js';
import { RoomError } from '../errors.js';
import { signatureName } from './layout.js';
import { problem } from './problem.js';

/** What a signature of SSH signs beside the bytes: one made for another purpose does not count here. */
export const signatureNamespace = 'anchor-capsule';

/** Who signed a capsule. */
export type CapsuleSignature =
  | { readonly state: 'absent' }
  /** It does not hold, or is not by whom it has to be: see `problems`. */
  | { readonly state: 'refused' }
  /** By the owner of a key that nobody was asked about: it holds, but anybody can make one. */
  | { readonly state: 'unknown'; readonly key: string }
  /** By one of the allowed signers. */
  | { readonly state: 'trusted'; readonly key: string; readonly principal: string };

/** Longer than any that ssh-keygen makes. */
export const longestSignature = 64 * 1024;

/**
 * Signs with `ssh-keygen -Y sign`. `key`: path of a private key, or of a public one whose private half an agent has (SSH_AUTH_SOCK).
 *
 * @throws RoomError ERR_COURIER_TOOL, ERR_COURIER_SIGNATURE.
 */
export async function sign(message: Uint8Array, key: string, signal?: AbortSignal): Promise<string> {
  const end = await sshKeygen(['-Y', 'sign', '-q', '-n', signatureNamespace, '-f', key], message, signal);
  if (end.code === 0 && end.stdout.includes('BEGIN SSH SIGNATURE')) return end.stdout;
  throw new RoomError('ERR_COURIER_SIGNATURE', `cannot sign with ${key}: ${end.said}`, {
    path: key,
    hint: 'A private key without a passphrase, or a public key whose private half ssh-agent has.',
  });
}

/**
 * Checks a signature. `signers`: path of a file of allowed signers, ssh-keygen(1); without it only that the signature is one.
 *
 * @returns who signed, or what is wrong.
 * @throws RoomError ERR_COURIER_TOOL.
 */
export async function checkSignature(
  message: Uint8Array,
  signature: Uint8Array,
  signers: string | undefined,
  signal?: AbortSignal,
): Promise<CapsuleSignature | RoomError> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-signature-'));
  const file = join(directory, signatureName);
  try {
    await writeFile(file, signature, { mode: 0o600 });
    const by = ['-n', signatureNamespace, '-s', file];
    const sound = await sshKeygen(['-Y', 'check-novalidate', ...by], message, signal);
    if (sound.code !== 0)
      return problem('ERR_COURIER_SIGNATURE', signatureName, `does not hold: ${sound.said}`);
    const key = /(SHA256:[\w+/]+)/.exec(sound.stdout + sound.stderr)?.[1] ?? 'unknown';
    if (signers === undefined) return { state: 'unknown', key };
    const found = await sshKeygen(
      ['-Y', 'find-principals', '-s', file, '-f', signers],
      new Uint8Array(),
      signal,
    );
    const [principal = ''] = found.stdout.trim().split('\n');
    if (found.code !== 0 || principal === '') return untrusted(key, signers, found.said);
    const end = await sshKeygen(['-Y', 'verify', ...by, '-f', signers, '-I', principal], message, signal);
    return end.code === 0 ? { state: 'trusted', key, principal } : untrusted(key, signers, end.said);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function untrusted(key: string, signers: string, said: string): RoomError {
  return problem(
    'ERR_COURIER_UNTRUSTED',
    signatureName,
    `is by the key ${key}, which ${signers} does not allow to sign capsules: ${said}`,
    `a line "NAME namespaces=\\"${signatureNamespace}\\" ssh-ed25519 …" in it allows a key`,
  );
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Its last words, for a message. */
  readonly said: string;
}

const mostOutput = 64 * 1024;

async function sshKeygen(
  args: readonly string[],
  input: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Ended> {
  signal?.throwIfAborted();
  const { PATH = '', SSH_AUTH_SOCK } = process.env;
  const env = { PATH, LC_ALL: 'C', ...(SSH_AUTH_SOCK === undefined ? {} : { SSH_AUTH_SOCK }) };
  const child = spawn('ssh-keygen', args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const leave = onAbort(signal, () => child.kill('SIGKILL'));
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]
      .setEncoding('utf8')
      .on('data', (chunk: string) => (text[name] = (text[name] + chunk).slice(0, mostOutput)));
  // One that refuses its arguments does not read.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    signal?.throwIfAborted();
    const said = (text.stderr.trim() || text.stdout.trim()).split('\n').at(-1) ?? '';
    return { code, ...text, said: said === '' ? `ssh-keygen exited with ${code}` : said };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new RoomError('ERR_COURIER_TOOL', 'ssh-keygen is not installed or not in PATH', {
      hint: 'apt-get install openssh-client',
      cause: error,
    });
  } finally {
    leave();
  }
}
