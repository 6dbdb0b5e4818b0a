import type { LaneProcess } from '../drive/lane-process.js';
import type { Workshop } from '../workshop/workshop.js';

/** Something one may want to know, and how to find out. One file each; what it found goes into the saved run as it is. */
export interface Question<Answer> {
  /** For `--question`, and the key in saved runs. */
  readonly name: string;
  /** In one sentence, as the title of its part of the report. */
  readonly asks: string;
  /** Whether a bar of the design waits for it; the others are asked when somebody wants to know. */
  readonly due: boolean;
  readonly ask: (setting: Setting) => Promise<Answer>;
  /** The answer as text. Pure. */
  readonly render: (answer: Answer) => string;
}

/** What a run gives to its questions. */
export interface Setting {
  readonly workshop: Workshop;
  readonly rounds: number;
  readonly warmup: number;
  /** Names of contenders; empty: all. */
  readonly only: readonly string[];
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Starts the process of a lane, as the options of the run want it. */
  readonly startLane: (
    argv: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly lane: LaneProcess; readonly note: string }>;
  /** Says on a terminal how far it is. */
  readonly progress: (text: string) => void;
}
