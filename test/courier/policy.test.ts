import test from 'ava';
import { readPolicy, requireAllowed, type CourierPolicy } from '../../src/courier/policy.js';
import type { SendPlan } from '../../src/courier/send-plan.js';
import { RoomError } from '../../src/errors.js';

const target = {
  kind: 'drive',
  path: '/media/stick',
  device: '/dev/sdb1',
  label: 'STICK',
  uuid: '12AB-34CD',
  model: null,
  fileSystem: 'vfat',
  free: 1000,
} as const;

const plan: SendPlan = {
  path: '/dev/sdb1/x.parcel',
  name: 'x.parcel',
  target,
  items: [
    { name: 'x', kind: 'models', source: 'models/x@1', files: 1, bytes: 50 },
    { name: 'y', kind: null, source: '/y', files: 2, bytes: 50 },
  ],
  files: 3,
  bytes: 100,
  present: 0,
  split: 0,
};

const cases: readonly (readonly [policy: CourierPolicy, refused: RegExp | null])[] = [
  [{}, null],
  [{ kinds: ['models'], maxBytes: 100, maxFiles: 3, targets: ['drive'], drives: ['12ab-34cd'] }, null],
  [{ kinds: ['datasets'] }, /models may not leave/],
  [{ kinds: [] }, /models may not leave/],
  [{ hostFiles: false }, /y comes from no vault/],
  [{ maxBytes: 99 }, /100 bytes are more than 99/],
  [{ maxFiles: 2 }, /3 files are more than 2/],
  [{ targets: ['directory', 'vault'] }, /nothing may be sent to a drive/],
  [{ drives: ['AAAA-BBBB'] }, /the drive 12AB-34CD is not one of those/],
];

for (const [policy, refused] of cases) {
  test(`policy ${JSON.stringify(policy)}`, (t) => {
    if (refused === null) return t.notThrows(() => requireAllowed(readPolicy(policy), plan));
    const error = t.throws(() => requireAllowed(readPolicy(policy), plan), { instanceOf: RoomError });
    t.is(error.code, 'ERR_COURIER_REFUSED');
    t.regex(error.message, refused);
  });
}

test('a drive without a UUID is none that is known', (t) => {
  const nameless = { ...plan, target: { ...target, uuid: null } };
  t.throws(() => requireAllowed(readPolicy({ drives: ['12AB-34CD'] }), nameless), { message: /no UUID/ });
});

test('a policy that is wrong is refused, and not taken for none', (t) => {
  for (const wrong of [
    { kinds: ['model'] },
    { maxBytes: 'much' },
    { targets: ['disk'] },
    { targets: [undefined] },
    { drives: '12AB-34CD' },
    { maxSize: 1 },
  ])
    t.throws(() => readPolicy(wrong), undefined, JSON.stringify(wrong));
});
