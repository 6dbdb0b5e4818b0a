import type { MachineFacts } from './machine.js';
import type { Answers, QuestionName } from './questions/index.js';

/** A run as it is saved with `--json`: every value, so that a later comparison can compute what it likes. */
export interface RunReport {
  readonly format: 2;
  readonly machine: MachineFacts;
  readonly rounds: number;
  readonly seed: number;
  /** All lanes ran under SCHED_FIFO. */
  readonly fifo: boolean;
  readonly answers: Partial<Answers>;
  /** Questions that found no answer, and why. */
  readonly failures: Readonly<Partial<Record<QuestionName, string>>>;
}

/** Reads a saved run; throws TypeError when the text is something else. */
export function parseRunReport(text: string): RunReport {
  const value = JSON.parse(text) as Partial<RunReport> | null;
  const { format, answers, failures, machine } = value ?? {};
  if (format !== 2 || answers === undefined || failures === undefined || machine === undefined) {
    throw new TypeError('not a run saved by this bench (format 2)');
  }
  return value as RunReport;
}
