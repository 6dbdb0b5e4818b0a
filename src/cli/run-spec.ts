import { resolve } from 'node:path';
import type { RoomSpec } from '../index.js';
import type { OptionValues } from './command-line.js';
import { Draft, isRecord } from './draft.js';
import { readPair, readPairs } from './pairs.js';
import { UsageError } from './command-error.js';
import type { runOptions } from './run-page.js';

export type RunOptionValues = OptionValues<typeof runOptions>;

/** All that decides about the spec, read already. */
export interface RunInput {
  readonly options: RunOptionValues;
  /** What follows the options, from the first word on. */
  readonly rest: readonly string[] | null;
  /** Content of `--spec`. */
  readonly base?: Readonly<Record<string, unknown>>;
  /** Content of `--seccomp`. */
  readonly profile?: unknown;
  /** Content of `--services`. */
  readonly services?: unknown;
  /** Where `--env NAME` looks. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What relative sources of mounts start from. */
  readonly directory: string;
}

/** What the library is asked for, not checked yet, and which option each field came from. */
export interface RoomRequest {
  readonly spec: RoomSpec;
  readonly sources: ReadonlyMap<string, string>;
}

/** Turns a command line into a spec. Pure. Throws a UsageError for what has no form; the library checks the values. */
export function requestOf(input: RunInput): RoomRequest {
  const { options, environment, directory } = input;
  const draft = new Draft(input.base ?? {});
  setCommand(draft, input);
  for (const text of options.env ?? []) setVariable(draft, text, environment);
  for (const [option, field] of plainFields) {
    const value = options[option];
    if (value !== undefined) draft.set(field, value, `--${option}`);
  }
  for (const name of options.cap ?? []) draft.add('capabilities', name, `--cap ${name}`);
  for (const text of options.mount ?? [])
    draft.add('mounts', mountOf(text, directory), `--mount ${text}`, 'at');
  for (const text of options.tmpfs ?? []) draft.add('mounts', tmpfsMount(text), `--tmpfs ${text}`, 'at');
  if (options.nix !== undefined) draft.set('nix', nixOf(options.nix), `--nix ${options.nix}`);
  if (options.services !== undefined) draft.set('services', input.services, `--services ${options.services}`);
  for (const [option, key] of limitFields) {
    const value = options[option];
    if (value !== undefined) draft.setIn('limits', key, numberIn(value), `--${option}`);
  }
  for (const text of options.io ?? []) draft.addIn('limits', 'io', ioLimit(text), `--io ${text}`, 'device');
  for (const text of options.rlimit ?? []) setRlimit(draft, text);
  if (options.lifetime !== undefined) draft.set('lifetime', durationOf(options.lifetime), '--lifetime');
  setSeccomp(draft, input);
  return { spec: draft.spec as unknown as RoomSpec, sources: draft.sources };
}

const plainFields = [
  ['cwd', 'cwd'],
  ['hostname', 'hostname'],
  ['user', 'user'],
  ['identity', 'identity'],
  ['read-only-root', 'readOnlyRoot'],
  ['plank-digest', 'plankDigest'],
  ['network', 'network'],
] as const;

const limitFields = [
  ['memory', 'memory'],
  ['swap', 'swap'],
  ['cpus', 'cpus'],
  ['cpu-weight', 'cpuWeight'],
  ['processes', 'processes'],
  ['disk', 'disk'],
  ['files', 'files'],
  ['io-weight', 'ioWeight'],
] as const;

function setCommand(draft: Draft, { rest, base }: RunInput): void {
  const words = rest ?? [];
  const [first, second] = words;
  let command: readonly string[] = [];
  if (first === '--') {
    command = words.slice(1);
  } else if (first !== undefined) {
    draft.set('plank', first, 'PLANK');
    command = words.slice(second === '--' ? 2 : 1);
  }
  if (command.length > 0) draft.set('command', command, 'COMMAND');
  if (base !== undefined) return;
  const hint = 'usage: anchor run [options] PLANK [--] COMMAND [ARGUMENT…]';
  if (first === undefined || first === '--') throw new UsageError('PLANK is missing', hint);
  if (command.length === 0) throw new UsageError(`what to run in ${first} is missing`, hint);
}

/** A variable is taken from here only by its name, and one that is not there is not an empty one. */
function setVariable(draft: Draft, text: string, environment: RunInput['environment']): void {
  if (text.includes('=')) {
    const [name, value] = readPair(text, '--env', 'NAME=VALUE');
    draft.setIn('env', name, value, `--env ${name}`);
    return;
  }
  // Object.prototype is behind process.env too.
  const value = Object.hasOwn(environment, text) ? environment[text] : undefined;
  if (value === undefined) {
    throw new UsageError(`--env ${text}: there is no such variable here`, `to set it: --env ${text}=VALUE`);
  }
  draft.setIn('env', text, value, `--env ${text}`);
}

function mountOf(text: string, directory: string): Record<string, unknown> {
  const form = {
    option: '--mount',
    keys: ['host', 'vault', 'at', 'access', 'keep', 'size', 'checkpoints'],
    switches: ['noexec', 'recursive'],
  };
  const stored = readPairs(text, { ...form, required: ['at'] }).get('vault');
  const pairs = readPairs(text, { ...form, required: [stored === undefined ? 'host' : 'vault'] });
  const host = pairs.get('host');
  const [access, keep, size] = ['access', 'keep', 'size'].map((key) => pairs.get(key));
  return {
    // An empty source would be the working directory, which nobody means.
    ...(host === undefined ? {} : { host: host === '' ? host : resolve(directory, host) }),
    ...(stored === undefined ? {} : { vault: stored }),
    at: pairs.get('at'),
    ...(access === undefined ? {} : { access }),
    ...(keep === undefined ? {} : { keep }),
    ...(size === undefined ? {} : { size: numberIn(size) }),
    ...(pairs.has('checkpoints') ? { checkpoints: { every: pairs.get('checkpoints') } } : {}),
    ...(pairs.has('noexec') ? { noExec: true } : {}),
    ...(pairs.has('recursive') ? { recursive: true } : {}),
  };
}

function nixOf(text: string): Record<string, unknown> {
  const keys = ['store', 'mode', 'keep', 'size'];
  const pairs = readPairs(text, { option: '--nix', keys, switches: ['nosandbox'], required: ['store'] });
  const { size, nosandbox, ...words } = Object.fromEntries(pairs);
  return {
    ...words,
    ...(size === undefined ? {} : { size: numberIn(size) }),
    ...(nosandbox === undefined ? {} : { sandbox: false }),
  };
}

function tmpfsMount(text: string): Record<string, unknown> {
  const pairs = readPairs(text, {
    option: '--tmpfs',
    keys: ['at', 'size', 'mode'],
    switches: ['noexec'],
    required: ['at', 'size'],
  });
  const mode = pairs.get('mode');
  if (mode !== undefined && !/^[0-7]{1,5}$/.test(mode)) {
    throw new UsageError(
      `--tmpfs: mode: expected octal digits as chmod(1) takes them, got ${JSON.stringify(mode)}`,
    );
  }
  return {
    tmpfs: numberIn(pairs.get('size') ?? ''),
    at: pairs.get('at'),
    ...(mode === undefined ? {} : { mode: parseInt(mode, 8) }),
    ...(pairs.has('noexec') ? { noExec: true } : {}),
  };
}

const ioKeys = {
  rbps: 'readBytesPerSecond',
  wbps: 'writeBytesPerSecond',
  riops: 'readOperationsPerSecond',
  wiops: 'writeOperationsPerSecond',
} as const;

function ioLimit(text: string): Record<string, unknown> {
  const pairs = readPairs(text, {
    option: '--io',
    keys: ['device', ...Object.keys(ioKeys)],
    required: ['device'],
  });
  const limit: Record<string, unknown> = { device: pairs.get('device') };
  for (const [key, field] of Object.entries(ioKeys)) {
    const value = pairs.get(key);
    if (value !== undefined) limit[field] = numberIn(value);
  }
  return limit;
}

function setRlimit(draft: Draft, text: string): void {
  const [name, value] = readPair(text, '--rlimit', 'NAME=SOFT or NAME=SOFT:HARD');
  const [soft = '', hard, more] = value.split(':');
  if (more !== undefined)
    throw new UsageError(`--rlimit: expected NAME=SOFT:HARD, got ${JSON.stringify(text)}`);
  const limit = hard === undefined ? numberIn(soft) : { soft: numberIn(soft), hard: numberIn(hard) };
  draft.setIn('rlimits', name, limit, `--rlimit ${name}`);
}

/** A bare number is milliseconds in a spec, and seconds in the mind of most who type one. */
function durationOf(text: string): string {
  if (/^[0-9.]+$/.test(text))
    throw new UsageError(`--lifetime: the unit is missing in ${text}`, 'e.g. 500ms, 30s, 10min');
  return text;
}

function setSeccomp(draft: Draft, { options, profile }: RunInput): void {
  const allowed = options['seccomp-allow'] ?? [];
  if (options.seccomp === 'default') draft.set('seccomp', 'default', '--seccomp');
  else if (options.seccomp !== undefined) draft.set('seccomp', { profile }, `--seccomp ${options.seccomp}`);
  if (allowed.length === 0) return;
  const { seccomp } = draft.spec;
  if (isRecord(seccomp) && Object.hasOwn(seccomp, 'profile')) {
    throw new UsageError(
      '--seccomp-allow adds to the default profile, and there is another one',
      'allow it in that profile',
    );
  }
  if (seccomp === undefined || seccomp === 'default') draft.set('seccomp', {}, '--seccomp-allow');
  for (const name of allowed) draft.addIn('seccomp', 'allow', name, `--seccomp-allow ${name}`);
}

/** Digits become a number, as JSON would have them; anything else is left for the library to read or refuse. */
function numberIn(text: string): number | string {
  return /^(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(text) ? Number(text) : text;
}
