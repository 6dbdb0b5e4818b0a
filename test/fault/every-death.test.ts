// Whoever makes a room is killed at every system call on the way, in turn: the out-of-memory killer of the host, or a person.
import test from 'ava';
import { constants } from 'node:os';
import { whole } from '../helpers/extent.js';
import { Campaign, targetsOf } from './helpers/campaign.js';
import { isLeftAlone } from './helpers/expectations.js';
import type { Role } from './helpers/injector.js';
import type { ScenarioName } from './helpers/scenarios.js';
import { judgeKill, report, type Judged } from './helpers/verdicts.js';

const rows: readonly (readonly [ScenarioName, readonly Role[], string])[] = [
  ['spawn', ['maker', 'child', 'room-init', 'start'], 'of a room that is made from nothing'],
  ['prepare', ['child', 'room-init'], 'of a blank room'],
  ['reserve', ['room-init'], 'of a room from the reserve'],
  ['poolFill', ['child', 'room-init'], 'of a room that shall wait'],
  ['poolTake', ['room-init', 'start'], 'of a room that has waited'],
  ['exec', ['room-init', 'start'], 'of a living room that shall start a process'],
];

for (const [scenario, roles, what] of rows) {
  test.serial(`anybody may be killed at any call: processes ${what}`, async (t) => {
    const campaign = await Campaign.start(t);
    const counts = await campaign.record(scenario, roles);
    const judged: Judged[] = [];
    for (const target of targetsOf(counts, whole ? 4 : 2, () => -constants.signals.SIGKILL))
      if (!isLeftAlone(target)) judged.push(judgeKill(target, await campaign.try({ scenario, target })));
    report(t, judged);
  });
}
