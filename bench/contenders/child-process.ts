import { type Contender, commandLane } from './contender.js';

/** What Node does for any program: the price of no sandbox at all. */
export const childProcess: Contender = {
  name: 'child_process',
  prepare(workshop) {
    return Promise.resolve({
      version: `node ${process.versions.node}`,
      differs: 'no sandbox: nothing is isolated or limited',
      lane: commandLane({ argv: [workshop.tiny] }),
    });
  },
};
