import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import test from 'ava';
import { nextText, often, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

/** Looks at every process for ever: what it runs, where it is, and what it has open. Says what is not of the room. */
const spy = `
  echo ready
  while [ ! -e /tmp/stop ]; do
    for p in /proc/[0-9]*; do
      for l in $p/exe $p/cwd $p/root $p/fd/*; do
        to=$(readlink $l 2>/dev/null) || continue
        case $to in
          /bin/*|/usr/local/bin/*|/|/proc*|/tmp*|/dev/*|pipe:*|socket:*|'') ;;
          *) echo "$l leads to $to" ;;
        esac
        case $l in */exe) { true >> $l; } 2>/dev/null && echo "$l can be written" ;; esac
      done
    done
  done
  echo end`;

for (const user of ['root', 'app'])
  test(`${user} of a room sees nothing of the host while processes are started in it`, async (t) => {
    const before = createHash('sha256').update(readFileSync('build/Release/room-init')).digest('hex');
    const room = await rooms.start(t, spy, { user });
    await nextText(room.stdout);
    let found = '';
    room.stdout?.on('data', (chunk: Buffer) => (found += chunk.toString()));
    for (let round = 0; round < often(200); round++)
      await (
        await room.exec(['true'], { user: 'root' })
      ).exited;
    await room.files.write('/tmp/stop', '');
    await room.exited;
    if (room.stdout?.readableEnded === false) await once(room.stdout, 'end');
    t.is(found, 'end\n');
    t.is(createHash('sha256').update(readFileSync('build/Release/room-init')).digest('hex'), before);
  });
