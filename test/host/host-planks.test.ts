import test from 'ava';
import type { LowerPlan } from '../../types/plan.js';
import { HostPlanks } from '../../src/host/host-planks.js';
import { madeUpFiles } from './made-up-files.js';

const plank = { kind: 'image', path: '/planks/b.erofs' } as const;

/** Planks of a host whose kernel answers an erofs without a loop device with what `refusals` has next; 0: it mounts it. */
function hostOf(refusals: number[]): {
  readonly open: () => Promise<string>;
  readonly attached: string[];
  readonly change: () => void;
} {
  const files = madeUpFiles({ [plank.path]: 'plank' });
  const attached: string[] = [];
  const planks = new HostPlanks(
    files,
    { header: async () => ({ format: 'erofs' }), digest: async () => '' },
    {
      openPlank: async (lower: LowerPlan) => {
        const attach = lower.kind === 'image' ? lower.attach : '';
        attached.push(attach);
        const errno = attach === 'file' ? (refusals.shift() ?? 0) : 0;
        if (errno === 0) return { idmap: true };
        const fault = { step: 'mount.plank', syscall: 'fsconfig', errno, path: '', detail: '' };
        throw Object.assign(new Error('fault'), { fault });
      },
      readPlankFile: async () => null,
    },
  );
  const open = async (): Promise<string> => {
    const { lower } = await planks.open(plank, null);
    return lower.kind === 'image' ? lower.attach : '';
  };
  return { open, attached, change: () => void (files.tree[plank.path] = 'another') };
}

const [ENOTBLK, EINVAL, EOPNOTSUPP] = [15, 22, 95];

test('erofs is mounted without a loop device where the kernel can', async (t) => {
  const { open, attached } = hostOf([]);
  t.deepEqual([await open(), await open()], ['file', 'file']);
  t.deepEqual(attached, ['file'], 'what is known of a plank is kept');
});

for (const errno of [ENOTBLK, EINVAL, EOPNOTSUPP])
  test(`and with one where it cannot (${errno}), which says nothing of another plank`, async (t) => {
    const { open, attached, change } = hostOf([errno]);
    t.deepEqual([await open(), await open()], ['loop', 'loop']);
    change();
    t.is(await open(), 'file');
    t.deepEqual(attached, ['file', 'loop', 'file']);
  });

const [EIO, ENOMEM, EMFILE] = [5, 12, 24];

for (const errno of [EIO, ENOMEM, EMFILE])
  test(`an error that passes (${errno}) is told, and brings no loop device below the plank`, async (t) => {
    const { open, attached } = hostOf([errno]);
    await t.throwsAsync(open());
    t.is(await open(), 'file');
    t.deepEqual(attached, ['file', 'file']);
  });
