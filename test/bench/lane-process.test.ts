import test from 'ava';
import { LaneFailed, LaneProcess } from '../../bench/drive/lane-process.js';
import { parseLaneMessage } from '../../bench/lanes/protocol.js';

const sh = (script: string) => ['/bin/sh', '-c', script];

test('starts a lane, asks it and ends it by the end of its stdin', async (t) => {
  const { lane, note } = await LaneProcess.start(
    sh(
      `echo '{"ready":true,"note":"hello"}'; while read x; do echo noise; echo '{"first":1.5,"exit":2}'; done`,
    ),
  );
  t.is(note, 'hello');
  t.deepEqual(await lane.measure(), { first: 1.5, exit: 2 });
  t.deepEqual(await lane.measure(), { first: 1.5, exit: 2 });
  await lane.close();
  await lane.close();
});

for (const [what, argv, message] of [
  ['says so', sh(`echo '{"failed":"no such kernel"}'`), /no such kernel/],
  ['dies with a word', sh('echo "sh: cannot do it" >&2; exit 3'), /cannot do it/],
  ['dies without a word', sh('exit 0'), /the lane ended/],
  ['does not exist', ['/nonexistent/lane'], /ENOENT/],
] as const) {
  test(`a lane that ${what} fails to start with the reason`, async (t) => {
    await t.throwsAsync(LaneProcess.start(argv), { instanceOf: LaneFailed, message });
  });
}

test('a lane that dies later fails the measurement', async (t) => {
  const { lane } = await LaneProcess.start(sh(`echo '{"ready":true}'; read x; echo "error: gone" >&2`));
  await t.throwsAsync(lane.measure(), { instanceOf: LaneFailed, message: /gone/ });
  await t.throwsAsync(lane.measure(), { instanceOf: LaneFailed, message: /gone/ });
  await lane.close();
});

test('an answer that is no measured room is no sample, but any other request may have it', async (t) => {
  const { lane } = await LaneProcess.start(
    sh(`echo '{"ready":true}'; while read x; do echo "{\\"bytes\\":\${#x}}"; done`),
  );
  t.deepEqual(await lane.ask({ live: 7 }), { bytes: 10 });
  await t.throwsAsync(lane.measure(), { instanceOf: LaneFailed, message: /unexpected answer/ });
  await lane.close();
});

test('only lines of the protocol are messages', (t) => {
  t.deepEqual(parseLaneMessage('{"failed":"x"}'), { failed: 'x' });
  t.deepEqual(parseLaneMessage('{"rooms":1}'), { answer: { rooms: 1 } });
  for (const line of ['', 'text', '1', 'null', '[]', '{"failed":1}', '{"ready":false}']) {
    t.is(parseLaneMessage(line), undefined, line);
  }
});
