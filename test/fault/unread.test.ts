// Memory is so short, and for so long, that nobody can read what a room-init said last: its end must be an end all the same.
import test from 'ava';
import { constants } from 'node:os';
import { Campaign } from './helpers/campaign.js';
import { ALWAYS, type Target } from './helpers/injector.js';
import type { ScenarioName } from './helpers/scenarios.js';
import { judgeKill, report } from './helpers/verdicts.js';

const { ENOMEM, ENOBUFS } = constants.errno;

const rows: readonly (readonly [ScenarioName, number, string])[] = [
  ['destroy', ENOMEM, 'room.destroy() comes to its end'],
  ['close', ENOBUFS, 'anchor.close() comes to its end'],
];

for (const [scenario, error, what] of rows) {
  test.serial(`a room-init cannot be heard: ${what}`, async (t) => {
    t.timeout(300_000);
    const campaign = await Campaign.start(t);
    const target: Target = { role: 'anchor-watch', call: 'recvfrom', nth: 1, error, times: ALWAYS };
    const judged = judgeKill(target, await campaign.try({ scenario, target }));
    report(t, [judged]);
    t.is(judged.verdict, 'unnoticed');
  });
}
