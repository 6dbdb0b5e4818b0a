// Somebody stops a process of a room (SIGSTOP) while it is made, or for ever.
import test from 'ava';
import { constants } from 'node:os';
import { Campaign } from './helpers/campaign.js';
import type { Target } from './helpers/injector.js';
import { judgeKill, report } from './helpers/verdicts.js';

const error = -constants.signals.SIGSTOP;
const stops: readonly Target[] = [
  { role: 'room-init', call: 'signalfd4', nth: 1, error },
  { role: 'room-init', call: 'move_mount', nth: 3, error },
];

test('closing an Anchor does not wait for a blank room that is stopped while it is made', async (t) => {
  const campaign = await Campaign.start(t);
  const judged = [];
  for (const target of stops)
    judged.push(judgeKill(target, await campaign.try({ scenario: 'closeEarly', target })));
  report(t, judged);
  t.true(judged.every(({ verdict }) => verdict === 'unnoticed'));
});
