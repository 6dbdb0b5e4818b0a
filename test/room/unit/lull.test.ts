import test from 'ava';
import { Lull, type Filler } from '../../../src/room/lull.js';
import { Deferred } from '../../../src/room/deferred.js';

/** Wants so many, and tells of each. */
class Counted implements Filler {
  made = 0;
  urgent = true;
  constructor(
    public wanted: number,
    readonly eager = false,
    private readonly works: () => boolean | Promise<boolean> = () => true,
  ) {}
  get missing(): boolean {
    return this.made < this.wanted;
  }
  async make(): Promise<boolean> {
    if (!(await this.works())) return false;
    this.made++;
    return true;
  }
}

const turn = (milliseconds = 20): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

test('what is missing is made when nothing is spawned', async (t) => {
  const lull = new Lull();
  const filler = new Counted(3);
  lull.add(filler);
  await turn();
  t.is(filler.made, 3);
});

test('not while something is, but for the eager', async (t) => {
  const lull = new Lull();
  const spawn = new Deferred<string>();
  const spawning = lull.during(spawn.promise);
  const [patient, eager] = [new Counted(2), new Counted(2, true)];
  lull.add(patient);
  lull.add(eager);
  await turn();
  t.is(patient.made, 0);
  t.is(eager.made, 2);
  spawn.resolve('room');
  t.is(await spawning, 'room');
  await turn();
  t.is(patient.made, 2);
});

test('a spawn that fails is over as well', async (t) => {
  const lull = new Lull();
  const filler = new Counted(1);
  const failing = lull.during(Promise.reject(new Error('no')));
  lull.add(filler);
  await t.throwsAsync(failing);
  await turn();
  t.is(filler.made, 1);
});

test('whoever waits gets all of it, spawns or not', async (t) => {
  const lull = new Lull();
  void lull.during(new Promise(() => {}));
  const filler = new Counted(4);
  lull.add(filler);
  await lull.fill();
  t.is(filler.made, 4);
});

test('one that fails keeps nothing from the others, and is asked again next time', async (t) => {
  const lull = new Lull();
  let works = false;
  const [broken, good] = [new Counted(1, false, () => works), new Counted(1)];
  lull.add(broken);
  lull.add(good);
  await lull.fill();
  t.is(broken.made, 0);
  t.is(good.made, 1);
  works = true;
  await lull.fill();
  t.is(broken.made, 1);
});

test('a spawn that comes meanwhile stops it after the one at hand', async (t) => {
  const lull = new Lull();
  const gate = new Deferred<boolean>();
  const filler = new Counted(3, false, () => gate.promise);
  lull.add(filler);
  await turn();
  const spawn = new Deferred<void>();
  const spawning = lull.during(spawn.promise);
  gate.resolve(true);
  await turn();
  t.is(filler.made, 1);
  spawn.resolve();
  await spawning;
  await turn();
  t.is(filler.made, 3);
});

test('removed and stopped, nothing more is made', async (t) => {
  const lull = new Lull();
  const [gone, stopped] = [new Counted(1), new Counted(1)];
  lull.add(gone);
  lull.remove(gone);
  lull.add(stopped);
  await lull.stop();
  await lull.fill();
  await turn();
  t.is(gone.made, 0);
  t.is(stopped.made, 0);
});
