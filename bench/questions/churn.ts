import type { RoomLane } from '../lanes/room.js';
import { paths } from '../paths.js';
import { type Percentiles, percentiles } from '../statistics.js';
import { percentileCells, renderTable } from '../table.js';
import type { Question } from './question.js';

export interface ChurnAnswer {
  /** One after another, µs until the first byte. */
  readonly windows: readonly Percentiles[];
  readonly roomsPerWindow: number;
}

const roomsPerWindow = 1000;
const windowCount = 10;

/** What every room leaves behind for the kernel to clean up must not pile up. */
export const churn: Question<ChurnAnswer> = {
  name: 'churn',
  asks: 'Does the ten thousandth room in a row start as fast as the first?',
  due: false,
  async ask({ workshop, startLane, progress, signal }) {
    const options: RoomLane = { plank: workshop.plank };
    const { lane } = await startLane([process.execPath, paths.roomLane, JSON.stringify(options)]);
    try {
      const windows: Percentiles[] = [];
      while (windows.length < windowCount) {
        signal.throwIfAborted();
        const firsts: number[] = [];
        while (firsts.length < roomsPerWindow) firsts.push((await lane.measure()).first);
        windows.push(percentiles(firsts));
        progress(`${windows.length * roomsPerWindow} rooms`);
      }
      return { windows, roomsPerWindow };
    } finally {
      await lane.close();
    }
  },
  render({ windows, roomsPerWindow: rooms }) {
    const rows = windows.map((window, index) => [
      `${index * rooms + 1} to ${(index + 1) * rooms}`,
      ...percentileCells(window),
    ]);
    return `${renderTable([['rooms', 'first p50', 'p95', 'p99'], ...rows])}\n\nµs, one room after another.`;
  },
};
