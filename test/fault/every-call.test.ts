// Every system call that a program makes on the way to a room, in it and away from it fails once, in turn: test/fault/helpers.
import test from 'ava';
import { whole } from '../helpers/extent.js';
import { Campaign, targetsOf } from './helpers/campaign.js';
import { errorOf, isLeftAlone } from './helpers/expectations.js';
import type { Role } from './helpers/injector.js';
import type { ScenarioName } from './helpers/scenarios.js';
import { judge, report, type Judged } from './helpers/verdicts.js';

const threads: readonly Role[] = [
  'node',
  'anchor-launch',
  'anchor-prepare',
  'anchor-watch',
  'anchor-janitor',
];
const processes: readonly Role[] = ['maker', 'child', 'room-init', 'start', 'room-keeper'];

const rows: readonly (readonly [ScenarioName, readonly Role[], string])[] = [
  ['open', [...threads, ...processes], 'opening an Anchor'],
  ['spawn', [...threads, ...processes], 'a room with everything, from nothing'],
  ['reserve', ['anchor-launch', 'start'], 'a room with everything, from the reserve'],
  ['prepare', ['anchor-prepare', 'maker', 'child'], 'blank rooms made ahead'],
  ['ahead', [...threads, ...processes], 'a room that has waited for its spec, and the next one'],
  ['poolFill', [...threads, ...processes], 'filling a pool'],
  ['poolTake', [...threads, ...processes], 'a room of a pool'],
  ['poolClose', [...threads, ...processes], 'closing a pool'],
  ['terminal', ['node', 'anchor-launch', 'start'], 'a room with a terminal'],
  ['handedOn', ['node', 'anchor-launch'], 'a room that gets a descriptor of the program'],
  ['exec', [...threads, ...processes], 'a process in a living room'],
  ['execTerminal', ['node', 'start'], 'a process with a terminal'],
  ['files', ['node', 'anchor-watch'], 'files of a room'],
  ['signal', threads, 'a signal'],
  ['destroy', threads, 'destroying a room'],
  ['extend', threads, 'the end of a lifetime'],
  ['close', [...threads, ...processes], 'closing an Anchor with a room and a reserve'],
];

for (const [scenario, roles, what] of rows) {
  test.serial(`any call may fail: ${what}`, async (t) => {
    const campaign = await Campaign.start(t);
    const counts = await campaign.record(scenario, roles);
    const judged: Judged[] = [];
    const most = (scenario === 'spawn' ? 4 : 1) * (whole ? 8 : 3);
    for (const target of targetsOf(counts, most, ({ call }) => errorOf(call)))
      if (!isLeftAlone(target)) judged.push(judge(target, await campaign.try({ scenario, target })));
    report(t, judged);
  });
}

const races: readonly (readonly [ScenarioName, string])[] = [
  ['spawn', 'a room with everything, from nothing'],
  ['poolFill', 'filling a pool'],
];

for (const [scenario, what] of races) {
  test.serial(`and whoever makes it may be over before anybody else goes on: ${what}`, async (t) => {
    const campaign = await Campaign.start(t);
    const counts = await campaign.record(scenario, ['child', 'room-init', 'start']);
    const judged: Judged[] = [];
    for (const target of targetsOf(counts, 3, ({ call }) => errorOf(call)))
      if (!isLeftAlone(target))
        judged.push(judge(target, await campaign.try({ scenario, target: { ...target, alone: true } })));
    report(t, judged);
  });
}
