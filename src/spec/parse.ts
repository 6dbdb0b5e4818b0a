import { parseCapabilities } from './capabilities.js';
import type { CheckedExec, CheckedIdentity, CheckedRoom, CheckedSpec } from './checked.js';
import { parseCommand, refuseLongCommand } from './command.js';
import { parseDuration } from './duration.js';
import { parseEnv } from './env.js';
import { execOptionKeys } from './exec-options.js';
import { readFields, wholeSpec } from './field.js';
import { deepFreeze } from './freeze.js';
import { checkGpu } from './gpu.js';
import { parseHostname } from './hostname.js';
import { parseIdentity, refuseHostCapabilities } from './identity.js';
import { parseLimits } from './limits.js';
import { parseMounts } from './mounts.js';
import { checkNetwork } from './network.js';
import { grantSandbox, parseNix, refuseAroundNix } from './nix.js';
import { readRoomPath } from './path.js';
import { parsePlank, parsePlankDigest } from './plank.js';
import { parseRlimits } from './rlimits.js';
import { roomSpecKeys, type RoomSpec } from './room-spec.js';
import { readFlag } from './scalar.js';
import { parseSeccomp } from './seccomp.js';
import { parseServices } from './services.js';
import { parseStdio } from './stdio.js';
import { parseUser } from './user.js';

/** The fields of a spec as they were written, each read once. */
export type SpecFields = ReturnType<typeof readSpecFields>;

/**
 * Checks what a user wrote and fills in what they left out. Pure: nothing is read from the host, nothing of the value is
 * kept. Throws a SpecTypeError or a SpecRangeError that names the first bad field.
 */
export function parseRoomSpec(value: unknown): CheckedSpec {
  const fields = readSpecFields(value);
  return joinSpec(parseRoomFields(fields), fields);
}

export function readSpecFields(value: unknown): { readonly [N in keyof RoomSpec]-?: unknown } {
  return readFields(value, wholeSpec, roomSpecKeys);
}

/** What the room is: all that is decided before its command. */
export function parseRoomFields(fields: SpecFields): CheckedRoom {
  const plank = parsePlank(fields.plank, 'plank');
  const plankDigest = parsePlankDigest(fields.plankDigest, 'plankDigest', plank);
  const identity = parseIdentity(fields.identity, 'identity');
  const capabilities = parseCapabilities(fields.capabilities, 'capabilities');
  refuseHostCapabilities(identity, capabilities, 'capabilities');
  const nix = parseNix(fields.nix, 'nix', identity);
  const granted = grantSandbox(nix, capabilities, parseSeccomp(fields.seccomp, 'seccomp'));
  const mounts = parseMounts(fields.mounts, 'mounts');
  const readOnlyRoot = readFlag(fields.readOnlyRoot, 'readOnlyRoot', false);
  refuseAroundNix(nix, mounts, readOnlyRoot);
  checkNetwork(fields.network, 'network');
  checkGpu(fields.gpu, 'gpu');
  return deepFreeze({
    plank,
    plankDigest,
    hostname: parseHostname(fields.hostname, 'hostname'),
    user: parseUser(fields.user, 'user', identity),
    identity,
    mounts,
    nix,
    services: parseServices(fields.services, 'services', identity),
    limits: parseLimits(fields.limits, 'limits'),
    rlimits: parseRlimits(fields.rlimits, 'rlimits'),
    ...granted,
    readOnlyRoot,
  });
}

/** A room, and the fields that say what it runs. */
export function joinSpec(room: CheckedRoom, fields: SpecFields): CheckedSpec {
  const command = parseCommand(fields.command, 'command');
  const env = parseEnv(fields.env, 'env');
  refuseLongCommand(command, env, 'command');
  return deepFreeze({
    ...room,
    command,
    env,
    cwd: fields.cwd === undefined ? '/' : readRoomPath(fields.cwd, 'cwd'),
    lifetime: fields.lifetime === undefined ? null : parseDuration(fields.lifetime, 'lifetime'),
    stdio: parseStdio(fields.stdio, 'stdio'),
  });
}

/** The same with another command. */
export function withCommand(spec: CheckedSpec, value: unknown): CheckedSpec {
  const command = parseCommand(value, 'command');
  refuseLongCommand(command, spec.env, 'command');
  return deepFreeze({ ...spec, command });
}

/**
 * Checks the arguments of `room.exec()`; `identity` is the one of the room. Fields are named `argv[1]` and
 * `options.cwd`. null in the result stands for what the command of the room has.
 */
export function parseExecOptions(
  argv: unknown,
  options: unknown,
  identity: CheckedIdentity = 'mapped',
): CheckedExec {
  const command = parseCommand(argv, 'argv');
  const fields = readFields(options === undefined ? {} : options, 'options', execOptionKeys);
  const env = fields.env === undefined ? null : parseEnv(fields.env, 'options.env');
  refuseLongCommand(command, env ?? [], 'argv');
  const capabilities =
    fields.capabilities === undefined ? null : parseCapabilities(fields.capabilities, 'options.capabilities');
  refuseHostCapabilities(identity, capabilities ?? [], 'options.capabilities');
  return deepFreeze({
    argv: command,
    env,
    cwd: fields.cwd === undefined ? null : readRoomPath(fields.cwd, 'options.cwd'),
    user: fields.user === undefined ? null : parseUser(fields.user, 'options.user', identity),
    capabilities,
    stdio: parseStdio(fields.stdio, 'options.stdio'),
  });
}
