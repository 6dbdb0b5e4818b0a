import type { ProcessPlan, StdioPlan } from '../../types/plan.js';
import { nixCommand, nixEnvironment, type ResolvedNix } from '../host/nix.js';
import type { ResolvedService, ResolvedUser } from '../host/resolved-room.js';
import type { CheckedEnv, CheckedExec, CheckedSpec } from '../spec/checked.js';

/** The command of a room. */
export function planCommand(spec: CheckedSpec, user: ResolvedUser, nix: ResolvedNix | null): ProcessPlan {
  return {
    argv: nix === null ? spec.command : nixCommand(nix, spec.command),
    ...planEnvironment(nix === null ? spec.env : nixEnvironment(nix, spec.env)),
    cwd: spec.cwd,
    ...planUser(user),
    capabilities: capabilityMask(spec.capabilities),
    stdio: spec.stdio satisfies StdioPlan,
  };
}

/** One more process in a room: what `exec` does not say is as the command of the room has it. */
export function planExec(exec: CheckedExec, command: ProcessPlan, user: ResolvedUser | null): ProcessPlan {
  return {
    argv: exec.argv,
    ...(exec.env === null ? { env: command.env, searchPath: command.searchPath } : planEnvironment(exec.env)),
    cwd: exec.cwd ?? command.cwd,
    ...(user === null ? { uid: command.uid, gid: command.gid, groups: command.groups } : planUser(user)),
    capabilities: exec.capabilities === null ? command.capabilities : capabilityMask(exec.capabilities),
    stdio: exec.stdio satisfies StdioPlan,
  };
}

/** A service, or with `argv` a look at whether it is ready. It has no input; who `hears` it gets what it says. */
export function planService(
  { command, env, cwd, user }: ResolvedService,
  capabilities: readonly number[],
  { argv = command, hears }: { readonly argv?: readonly string[]; readonly hears: boolean },
): ProcessPlan {
  const output = { kind: hears ? 'pipe' : 'null' } as const;
  return {
    argv,
    ...planEnvironment(env),
    cwd,
    ...planUser(user),
    capabilities: capabilityMask(capabilities),
    stdio: { kind: 'streams', streams: [{ kind: 'null' }, output, output] },
  };
}

function planEnvironment(env: CheckedEnv): Pick<ProcessPlan, 'env' | 'searchPath'> {
  const path = env.find(([name]) => name === 'PATH')?.[1] ?? '';
  return {
    env: env.map(([name, value]) => `${name}=${value}`),
    // An empty entry means the working directory to execvp(3), a trap more often than a wish: it is left out.
    searchPath: path.split(':').filter((directory) => directory !== ''),
  };
}

function planUser(user: ResolvedUser): Pick<ProcessPlan, 'uid' | 'gid' | 'groups'> {
  return { uid: user.uid, gid: user.gid, groups: user.groups };
}

/** Bit n for capability n. A sum and not a shift: there are more than 32 of them. */
export function capabilityMask(capabilities: readonly number[]): number {
  return capabilities.reduce((mask, capability) => mask + 2 ** capability, 0);
}
