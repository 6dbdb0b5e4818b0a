import { Anchor, RoomError } from '../../../src/index.js';
import { leftSince, standing } from '../../helpers/leftovers.js';
import type { Injector, Sight, Target } from './injector.js';
import { Ended, runPlain, type Scenario, type World } from './scenarios.js';

/** How a scenario ended. */
export interface Ending {
  /** Null: as if nothing had happened. */
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly step?: string;
    readonly syscall?: string;
    readonly errno?: number;
    readonly path?: string;
    /** Of the package; or an outcome that says what it is; or neither. */
    readonly kind: 'refused' | 'ended' | 'foreign';
  } | null;
}

export interface TrialResult extends Ending, Sight {
  /** What is still there when the Anchor is closed. */
  readonly left: readonly string[];
  /** Why the next spawn did not work, or null. */
  readonly next: string | null;
}

/** Does something while one system call fails, and looks at what comes of it. */
export async function tryOnce(
  scenario: Scenario,
  target: Target | null,
  injector: Injector,
  place: Pick<World, 'plank' | 'directory'>,
): Promise<TrialResult> {
  const before = await standing(place.plank);
  const world: World = { ...place, anchor: null, room: null, pool: null };
  if (scenario.before !== undefined) {
    world.anchor = await Anchor.open(scenario.options);
    await scenario.before(world, world.anchor);
  }
  await injector.begin(target);
  const ending = await endingOf(scenario.act(world));
  const sight = await injector.end();
  const next = await nextSpawn(scenario, world);
  await world.anchor?.close();
  const left = await leftSince(before, place.plank);
  return { ...ending, ...sight, left, next };
}

async function endingOf(work: Promise<void>): Promise<Ending> {
  try {
    await work;
    return { error: null };
  } catch (error) {
    const { code, message, step, syscall, errno, path } = error as RoomError;
    const kind = error instanceof RoomError ? 'refused' : error instanceof Ended ? 'ended' : 'foreign';
    return {
      error: {
        code,
        message,
        kind,
        ...(step === undefined ? {} : { step }),
        ...(syscall === undefined ? {} : { syscall }),
        ...(errno === undefined ? {} : { errno }),
        ...(path === undefined ? {} : { path }),
      },
    };
  }
}

async function nextSpawn(scenario: Scenario, world: World): Promise<string | null> {
  world.anchor ??= await Anchor.open(scenario.options);
  const { error } = await endingOf(runPlain(world, world.anchor));
  return error === null ? null : error.message;
}
