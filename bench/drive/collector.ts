import type { Setting } from '../questions/question.js';
import { shuffled } from '../statistics.js';
import { type OpenLane, messageOf } from './open-lanes.js';

/** What lanes answered to requests of a kind, and why they stopped. */
export interface LaneAnswers<Sample> {
  readonly name: string;
  readonly failure: string | undefined;
  readonly samples: readonly Sample[];
}

export interface Collector<Sample> {
  /** Asks every lane that still goes, one at a time in random order. */
  ask(request: object, keep: (answer: Readonly<Record<string, unknown>>) => Sample): Promise<void>;
  answers(): LaneAnswers<Sample>[];
}

/** For questions whose lanes are asked for something else than single rooms. */
export function collector<Sample>(
  { random, signal, progress }: Setting,
  lanes: readonly OpenLane[],
): Collector<Sample> {
  const all = lanes.map(({ report: { name, failure }, process }) => {
    return { process, name, failure, samples: [] as Sample[] };
  });
  return {
    async ask(request, keep) {
      for (const lane of shuffled(all, random)) {
        signal.throwIfAborted();
        if (lane.process === undefined || lane.failure !== undefined) continue;
        progress(`${lane.name} ${JSON.stringify(request).slice(0, 60)}`);
        try {
          lane.samples.push(keep(await lane.process.ask(request)));
        } catch (error) {
          lane.failure = messageOf(error);
        }
      }
    },
    answers: () => all.map(({ name, failure, samples }) => ({ name, failure, samples })),
  };
}
