import type { Setting } from '../questions/question.js';
import { seededRandom } from '../statistics.js';
import type { Workshop } from '../workshop/workshop.js';
import { LaneProcess } from './lane-process.js';

export interface SettingOptions extends Pick<Setting, 'rounds' | 'warmup' | 'only'> {
  readonly fifo: boolean;
  readonly seed: number;
}

/** What the questions of one run work with. */
export function makeSetting(
  workshop: Workshop,
  { fifo, seed, rounds, warmup, only }: SettingOptions,
  { signal = new AbortController().signal, progress = () => undefined }: Partial<Setting> = {},
): Setting {
  const scheduling = fifo ? ['chrt', '--fifo', '1'] : [];
  return {
    ...{ workshop, rounds, warmup, only, signal, progress },
    random: seededRandom(seed),
    startLane: (argv, environment) => LaneProcess.start([...scheduling, ...argv], environment),
  };
}
