// Class 17: the number of a process is another process's by now (firejail --join, CVE-2022-31214): whoever goes by numbers
// kills, reads or enters a stranger.
// Rule: a room is held by descriptors from its birth: pidfd and socket of room-init. KillLocked() in native/watch/life.cc
//   signals the pidfd; Exec() and Signal() in native/watch/requests.cc write to the socket; OpenRootOf() there opens
//   /proc/PID/root and then asks the pidfd whether that was still room-init.
//   EndRoom() in life.cc takes a room out of everybody's reach before it reaps room-init, which frees the number.
// Mutation: in EndRoom() call Reap() first of all, and then usleep(300'000); with that, in OpenRootOf() return `root` without
//   asking the pidfd (`read` then gives the host's file), or in KillLocked() use kill(room.launched->pid, SIGKILL) (the victim
//   dies).
import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { library, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);
const run = promisify(execFile);

/** What the embedding program saw. */
interface Report {
  readonly tries: number;
  readonly answers: Readonly<Record<string, string>>;
  readonly outcome: string;
  readonly victim: string;
  readonly left: number;
}

/**
 * A program in a PID namespace of its own, where the next number can be chosen without touching the host's. It kills room-init
 * and starts a victim, a process of the *host*, under its number. `turn` says when: `now` before the library could have heard
 * of the death, so that all it has are numbers and descriptors; `later` when it knows.
 */
async function recycle(turn: 'now' | 'later', secret: string): Promise<Report> {
  const source = `
    import { spawn } from 'node:child_process';
    import { writeFileSync, readFileSync } from 'node:fs';
    import { Anchor } from ${JSON.stringify(library)};
    // A room that is made ahead would take the number.
    const anchor = await Anchor.open({ reserve: 0 });
    const room = await anchor.spawn({ plank: ${JSON.stringify(rooms.plank)}, command: ['sleep', '1000'] });
    const pid = room.pid;
    process.kill(pid, 'SIGKILL');
    if (${JSON.stringify(turn)} === 'later') await room.exited;
    let tries = 0;
    let victim;
    do {
      victim?.kill('SIGKILL');
      writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
      victim = spawn('sleep', ['1000'], { stdio: 'ignore' });
      tries++;
    } while (victim.pid !== pid && tries < 5000);
    if (victim.pid !== pid) throw new Error('the number did not come back');
    const answers = {};
    const ask = async (name, work) => {
      try { answers[name] = 'gave ' + String(await work()).slice(0, 40); } catch (error) { answers[name] = error.code ?? String(error); }
    };
    // All of them begin in this turn of the event loop.
    const asked = [
      ask('exec', async () => { const made = await room.exec(['cat', ${JSON.stringify(secret)}]); let text = ''; for await (const part of made.stdout) text += part; return text; }),
      ask('exec with a terminal', () => room.exec(['true'], { stdio: { pty: {} } })),
      ask('read', () => room.files.read(${JSON.stringify(secret)}, { encoding: 'utf8' })),
      ask('write', () => room.files.write(${JSON.stringify(secret)}, 'changed')),
      ask('list', () => room.files.list('/')),
      ask('remove', () => room.files.remove(${JSON.stringify(secret)})),
      ask('kill', () => room.kill('SIGKILL')),
      ask('usage', () => room.usage()),
    ];
    const destroyed = room.destroy();
    await Promise.all(asked);
    await destroyed;
    const outcome = (await room.exited).reason;
    await anchor.close();
    const victimState = readFileSync('/proc/' + pid + '/stat', 'utf8').split(' ').slice(1, 3).join(' ');
    victim.kill('SIGKILL');
    console.log(JSON.stringify({ tries, answers, outcome, victim: victimState, left: anchor.rooms.size }));
    process.exit();`;
  const { stdout } = await run(
    'unshare',
    [
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      process.execPath,
      '--input-type=module',
      '--eval',
      source,
    ],
    { timeout: 60_000 },
  );
  return JSON.parse(stdout) as Report;
}

for (const turn of ['now', 'later'] as const)
  test(`a process that has the number of a dead room-init is left alone (${turn})`, async (t) => {
    const secret = join(await mkdtemp(join(rooms.directory, 'secret-')), 'secret');
    await writeFile(secret, 'of the host');
    const { tries, answers, outcome, victim, left } = await recycle(turn, secret);
    t.true(tries > 0);
    t.deepEqual(
      Object.entries(answers).filter(
        ([name, answer]) =>
          answer !== 'ERR_ROOM_ENDED' && !(name === 'kill' && /^gave (true|false)$/.test(answer)),
      ),
      [],
      JSON.stringify(answers),
    );
    if (turn === 'later') t.is(answers['kill'], 'gave false');
    t.is(victim, '(sleep) S', 'it lives and has not noticed');
    t.regex(outcome, /^(signaled|destroyed|init-died)$/);
    t.is(left, 0);
    t.is(await run('cat', [secret]).then(({ stdout }) => stdout), 'of the host');
  });
