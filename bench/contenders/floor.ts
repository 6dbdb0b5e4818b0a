import type { Contender } from './contender.js';

type Mode = 'scratch' | 'poolnet' | 'warm';

/** The C program that does the same work with nothing around it; see bench/floor/floor.c. */
function floor(name: string, mode: Mode, differs: string): Contender {
  return {
    name,
    async prepare(workshop) {
      const program = await workshop.floor();
      return {
        version: 'bench/floor/floor.c',
        differs,
        lane: [program, mode, workshop.plank, workshop.filter, workshop.cgroup?.path ?? ''],
      };
    },
  };
}

export const floorScratch = floor(
  'floor-scratch',
  'scratch',
  'no Node; everything after the request, netns too',
);
export const floorPool = floor('floor-pool', 'poolnet', 'no Node; network namespace made before the request');
export const floorWarm = floor('floor-warm', 'warm', 'no Node; everything before the request but execve');
