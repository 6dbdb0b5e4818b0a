import test from 'ava';
import { getEventListeners } from 'node:events';
import { onAbort, orAbort, requireSignal } from '../../../src/abort.js';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

test('reacts once, at once when it is too late to wait', (t) => {
  let calls = 0;
  const controller = new AbortController();
  onAbort(controller.signal, () => calls++);
  controller.abort();
  t.is(calls, 1);
  t.is(listeners(controller.signal), 0);
  onAbort(controller.signal, () => calls++);
  t.is(calls, 2);
});

test('the listener can be taken away', (t) => {
  const { signal } = new AbortController();
  const stop = onAbort(signal, () => t.fail());
  t.is(listeners(signal), 1);
  stop();
  t.is(listeners(signal), 0);
  onAbort(undefined, () => t.fail())();
});

test('work that ends first leaves no listener', async (t) => {
  const { signal } = new AbortController();
  t.is(await orAbort(Promise.resolve(5), signal), 5);
  await t.throwsAsync(orAbort(Promise.reject(new Error('broken')), signal), { message: 'broken' });
  t.is(listeners(signal), 0);
  t.is(await orAbort(Promise.resolve(6), undefined), 6);
});

test('an abort wins over work that takes long', async (t) => {
  const controller = new AbortController();
  const reason = new Error('changed my mind');
  const waiting = orAbort(new Promise(() => {}), controller.signal);
  controller.abort(reason);
  t.is(await t.throwsAsync(waiting), reason);
  t.is(await t.throwsAsync(orAbort(new Promise(() => {}), controller.signal)), reason);
  t.is(listeners(controller.signal), 0);
});

test('what is no signal is refused', (t) => {
  t.notThrows(() => requireSignal(undefined));
  t.throws(() => requireSignal({ aborted: false }), { instanceOf: TypeError, message: /^signal: / });
});
