import { type ChurnAnswer, churn } from './churn.js';
import { type CopyAnswer, copy } from './copy.js';
import { type IndependenceAnswer, independence } from './independence.js';
import { type LatencyAnswer, latency } from './latency.js';
import { type LimitsAnswer, limitsQuestion } from './limits.js';
import { type OpenLoopAnswer, openLoopQuestion } from './open-loop.js';
import type { Question, Setting } from './question.js';
import { type ScaleAnswer, scale } from './scale.js';
import { type TeardownAnswer, teardown } from './teardown.js';
import { type ThroughputAnswer, throughput } from './throughput.js';

/** What a run found out, by the names of its questions. */
export interface Answers {
  readonly latency: LatencyAnswer;
  readonly throughput: ThroughputAnswer;
  readonly 'open-loop': OpenLoopAnswer;
  readonly scale: ScaleAnswer;
  readonly churn: ChurnAnswer;
  readonly independence: IndependenceAnswer;
  readonly teardown: TeardownAnswer;
  readonly limits: LimitsAnswer;
  readonly copy: CopyAnswer;
}

export type QuestionName = keyof Answers;

/** All questions, in the order of the report. Add a new one here. */
const questions: { readonly [Name in QuestionName]: Question<Answers[Name]> } = {
  latency,
  throughput,
  'open-loop': openLoopQuestion,
  scale,
  churn,
  independence,
  teardown,
  limits: limitsQuestion,
  copy,
};

export const questionNames = Object.keys(questions) as readonly QuestionName[];

/** Those that a bar of the design waits for. */
export const dueQuestions = questionNames.filter((name) => questions[name].due);

export async function ask(name: QuestionName, setting: Setting): Promise<Partial<Answers>> {
  return { [name]: await questions[name].ask(setting) };
}

export function renderAnswer(name: QuestionName, answers: Partial<Answers>): string {
  const { asks: title, render } = questions[name] as Question<unknown>;
  const answer = answers[name];
  return answer === undefined ? '' : `## ${title}\n\n${render(answer)}`;
}
