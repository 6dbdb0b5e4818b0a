import type { CheckedEnv, CheckedIdentity, CheckedUser } from './checked.js';
import { parseCommand, refuseLongCommand } from './command.js';
import { parseDuration, type Duration } from './duration.js';
import { parseEnv } from './env.js';
import { child, conflict, keysOf, readArray, readFields, readObject, wrongValue } from './field.js';
import { isWithin, readRoomPath } from './path.js';
import { readFlag, readInteger, readText } from './scalar.js';
import { parseUser } from './user.js';

/** A program that runs beside the command of a room, ready before that begins. It ends with the room at the latest. */
export interface ServiceSpec {
  /** Program and arguments, as `command` of a spec. */
  command: readonly string[];
  /** Its whole environment. None of the command's variables are in it, only PATH has a default. */
  env?: Readonly<Record<string, string>>;
  /** Working directory in the room, absolute. Default `/`. */
  cwd?: string;
  /** As `user` of a spec. Default: that of the room. */
  user?: string | number;
  /** Services that have to be ready before this one is started. Default: none; what does not wait starts at once. */
  after?: readonly string[];
  /** What shows that it is ready. Default: that its program runs. */
  ready?: ReadySpec;
  /** When it ends, so does the room. Default false: that is told, and the room goes on. */
  essential?: boolean;
}

/** What shows that a service is ready: one of `port`, `path` and `command`. */
export interface ReadySpec {
  /** A TCP port, 1 to 65535, that somebody in the room listens on, with IPv4 or IPv6. */
  port?: number;
  /** A file or socket in the room, absolute: that it is there, and is not the one that was there before the service. */
  path?: string;
  /** A program that returns 0, run again and again as the service is: with its environment, directory and user. */
  command?: readonly string[];
  /** How long after its start it has to be ready, or there is no room. Default `30s`. */
  timeout?: Duration;
}

/** Services by name: 1 to 64 characters of a-z 0-9 -, the first a letter. At most 32. */
export type ServicesSpec = Readonly<Record<string, ServiceSpec>>;

export const serviceKeys = keysOf<ServiceSpec>({
  command: true,
  env: true,
  cwd: true,
  user: true,
  after: true,
  ready: true,
  essential: true,
});

export const readyKeys = keysOf<ReadySpec>({ port: true, path: true, command: true, timeout: true });

/** A ServiceSpec after validation. */
export interface CheckedService {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: CheckedEnv;
  readonly cwd: string;
  /** null: that of the room. */
  readonly user: CheckedUser | null;
  readonly after: readonly string[];
  readonly ready: CheckedReady;
  readonly essential: boolean;
}

export type CheckedReady = ReadyWhen & {
  /** Milliseconds from its start. */
  readonly timeout: number;
};

/** What a service is ready by. */
export type ReadyWhen =
  | { readonly kind: 'started' }
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'command'; readonly command: readonly string[] };

export const mostServices = 32;

const usualTimeout = 30_000;
const serviceName = /^[a-z][a-z0-9-]{0,63}$/;

/** Checked, each behind those that it is after. */
export function parseServices(
  value: unknown,
  field: string,
  identity: CheckedIdentity,
): readonly CheckedService[] {
  if (value === undefined) return [];
  const entries = readObject(value, field);
  if (entries.size > mostServices)
    throw wrongValue(field, `at most ${mostServices} services`, value, String(entries.size));
  const services = [...entries].map(([name, spec]) => {
    if (!serviceName.test(name))
      throw wrongValue(field, 'names of 1 to 64 characters of a-z 0-9 -, the first a letter', name);
    return parseService(name, spec, child(field, name), identity);
  });
  refuseShared(services, field);
  return inOrder(services, field);
}

function parseService(
  name: string,
  value: unknown,
  field: string,
  identity: CheckedIdentity,
): CheckedService {
  const fields = readFields(value, field, serviceKeys);
  const command = parseCommand(fields.command, child(field, 'command'));
  const env = parseEnv(fields.env, child(field, 'env'));
  refuseLongCommand(command, env, child(field, 'command'));
  const ready = parseReady(fields.ready, child(field, 'ready'));
  if (ready.kind === 'command') refuseLongCommand(ready.command, env, `${child(field, 'ready')}.command`);
  return {
    name,
    command,
    env,
    cwd: fields.cwd === undefined ? '/' : readRoomPath(fields.cwd, child(field, 'cwd')),
    user: fields.user === undefined ? null : parseUser(fields.user, child(field, 'user'), identity),
    after: fields.after === undefined ? [] : readAfter(fields.after, child(field, 'after')),
    ready,
    essential: readFlag(fields.essential, child(field, 'essential'), false),
  };
}

/** Names, each once. Whether there are such services is seen when all are known. */
function readAfter(value: unknown, field: string): readonly string[] {
  const names = readArray(value, field, 'an array of names of services').map((name, at) =>
    readText(name, `${field}[${at}]`, 'the name of a service'),
  );
  const twice = names.findIndex((name, at) => names.indexOf(name) !== at);
  if (twice !== -1) throw wrongValue(`${field}[${twice}]`, 'each name once', names[twice]);
  return names;
}

function parseReady(value: unknown, field: string): CheckedReady {
  if (value === undefined) return { kind: 'started', timeout: usualTimeout };
  const { port, path, command, timeout } = readFields(value, field, readyKeys);
  const given = [port, path, command].filter((each) => each !== undefined).length;
  if (given !== 1)
    throw conflict(field, `expected one of port, path and command, got ${given === 0 ? 'none' : given}`);
  const rest = { timeout: timeout === undefined ? usualTimeout : parseDuration(timeout, `${field}.timeout`) };
  if (port !== undefined)
    return { kind: 'port', port: readInteger(port, `${field}.port`, 1, 65_535), ...rest };
  if (path !== undefined) return { kind: 'path', path: readReadyPath(path, `${field}.path`), ...rest };
  return { kind: 'command', command: parseCommand(command, `${field}.command`), ...rest };
}

/** What lies there belongs to the kernel, and nobody looks at it from outside. */
const kernelTrees = ['/proc', '/sys', '/dev'];

function readReadyPath(value: unknown, field: string): string {
  const path = readRoomPath(value, field);
  const tree = kernelTrees.find((each) => isWithin(path, each) && !isWithin(path, '/dev/shm'));
  if (tree !== undefined) throw wrongValue(field, `a path outside of ${tree}`, path);
  return path;
}

/** Where two have one port or one path, the first to be ready would make the other so. */
function refuseShared(services: readonly CheckedService[], field: string): void {
  const seen = new Map<string, string>();
  for (const { name, ready } of services) {
    if (ready.kind !== 'port' && ready.kind !== 'path') continue;
    const sign = ready.kind === 'port' ? `port ${ready.port}` : `path ${ready.path}`;
    const other = seen.get(sign);
    if (other !== undefined)
      throw conflict(
        `${child(field, name)}.ready.${ready.kind}`,
        `expected a ${ready.kind} of its own: ${sign} shows that ${other} is ready`,
      );
    seen.set(sign, name);
  }
}

/** Stable: as they were written, as far as `after` lets them. Throws for a name that is not there and for a circle. */
function inOrder(services: readonly CheckedService[], field: string): readonly CheckedService[] {
  const names = services.map(({ name }) => name);
  for (const { name, after } of services) {
    const absent = after.findIndex((each) => !names.includes(each));
    if (absent !== -1)
      throw wrongValue(`${child(field, name)}.after[${absent}]`, 'the name of a service', after[absent]);
  }
  const ordered: CheckedService[] = [];
  const placed = new Set<string>();
  while (ordered.length < services.length) {
    const next = services.find(
      ({ name, after }) => !placed.has(name) && after.every((each) => placed.has(each)),
    );
    if (next === undefined) {
      const stuck = names.filter((name) => !placed.has(name));
      throw conflict(field, `expected no circle: ${stuck.join(' and ')} wait for each other`);
    }
    placed.add(next.name);
    ordered.push(next);
  }
  return ordered;
}
