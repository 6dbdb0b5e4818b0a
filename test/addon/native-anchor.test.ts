import test from 'ava';
import type { Addon, NativeAnchor } from '../../types/addon.js';
import type { NativeEvent } from '../../types/event.js';
import type { Plan } from '../../types/plan.js';
import { AnchorBinding } from '../../src/addon/native-anchor.js';
import { RoomError } from '../../src/errors.js';

const anchorPlan = { init: '/room-init', launchers: 1, cgroup: null };
const anyPlan = {} as Plan;

/** An addon whose Anchor has these methods. */
function addonWith(methods: Partial<NativeAnchor>) {
  const calls: string[] = [];
  let emit: (event: NativeEvent) => void = () => {};
  let rooms = 0;
  const native = {
    launch: () => ++rooms,
    ref: () => calls.push('ref'),
    unref: () => calls.push('unref'),
    close: () => Promise.resolve(),
    ...methods,
  };
  const Anchor = function (_plan: unknown, onEvent: typeof emit) {
    emit = onEvent;
    return native;
  };
  return { addon: { Anchor } as unknown as Addon, calls, emit: (event: NativeEvent) => emit(event) };
}

function broken(step: string, errno: number): Error {
  return Object.assign(new Error('fault'), {
    fault: { step, syscall: 'open', errno, path: '/x', detail: '' },
  });
}

const removed = (room: number): NativeEvent => ({ type: 'removed', room, fault: null });
const changed = (room: number): NativeEvent => ({ type: 'changed', room, file: 'a', text: 'b' });

test('every room hears its own events, until it is removed', (t) => {
  const { addon, emit } = addonWith({});
  const binding = new AnchorBinding(addon, anchorPlan, 60_000);
  const heard: string[] = [];
  const first = binding.launch(anyPlan, ({ type }) => heard.push(`first ${type}`));
  const second = binding.launch(anyPlan, ({ type }) => heard.push(`second ${type}`));
  emit(changed(first));
  emit(removed(first));
  emit(changed(first));
  emit(changed(second));
  t.deepEqual(heard, ['first changed', 'first removed', 'second changed']);
});

test('the event loop is held while somebody needs it', async (t) => {
  const { addon, calls } = addonWith({ freeze: () => Promise.resolve() });
  const binding = new AnchorBinding(addon, anchorPlan, 60_000);
  t.deepEqual(calls.splice(0), ['unref'], 'an idle Anchor holds nothing');
  binding.hold();
  binding.hold();
  binding.release();
  t.deepEqual(calls.splice(0), ['ref']);
  binding.release();
  t.deepEqual(calls.splice(0), ['unref']);
  await binding.freeze(1, true);
  t.deepEqual(calls, ['ref', 'unref']);
});

test('faults become errors, thrown or rejected', async (t) => {
  const { addon } = addonWith({
    exec: () => {
      throw broken('room.ended', 3);
    },
    openBelow: () => Promise.reject(broken('file.open', 2)),
  });
  const binding = new AnchorBinding(addon, anchorPlan, 60_000);
  const thrown = t.throws(() => binding.exec(1, {} as never), { instanceOf: RoomError });
  t.is(thrown.code, 'ERR_ROOM_ENDED');
  t.truthy(thrown.cause);
  t.like(await t.throwsAsync(binding.openBelow(1, '/x', 0, 0)), { code: 'ERR_ROOM_FILE', errno: -2 });
});

test('what is no fault is passed on as it is', (t) => {
  const mistake = new TypeError('id: expected a string');
  const { addon } = addonWith({
    launch: () => {
      throw mistake;
    },
  });
  const binding = new AnchorBinding(addon, anchorPlan, 60_000);
  t.is(
    t.throws(() => binding.launch(anyPlan, () => {})),
    mistake,
  );
});

test('the resolver gets faults of planks as they are', async (t) => {
  const fault = broken('mount.plank', 22);
  const { addon, calls } = addonWith({ openPlank: () => Promise.reject(fault) });
  const binding = new AnchorBinding(addon, anchorPlan, 60_000);
  t.is(await t.throwsAsync(binding.openPlank({} as never)), fault);
  t.deepEqual(calls, ['unref', 'ref', 'unref']);
});
