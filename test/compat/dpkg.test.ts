import test from 'ava';
import { lines } from '../helpers/room.js';
import { usePrograms } from './program-rooms.js';

const rooms = usePrograms(test);

// A package whose files belong to root, as nearly all do.
const line = `set -e
mkdir -p /tmp/tree/DEBIAN /tmp/tree/usr/bin /var/lib/dpkg/info /var/lib/dpkg/updates && touch /var/lib/dpkg/status
printf 'Package: hello\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: a <a@room>\\nDescription: x\\n' > /tmp/tree/DEBIAN/control
printf '#!/bin/sh\\necho "script: $1"\\n' | tee /tmp/tree/DEBIAN/postinst /tmp/tree/DEBIAN/prerm > /tmp/tree/usr/bin/hello
chmod 755 /tmp/tree/DEBIAN/p* /tmp/tree/usr/bin/hello
dpkg-deb --root-owner-group -b /tmp/tree /tmp/hello.deb > /tmp/log
dpkg -i /tmp/hello.deb 2>> /tmp/log | grep script
dpkg-query -W -f '\${Package} \${db:Status-Status}\\n'
hello installed
dpkg -r hello 2>> /tmp/log | grep script; test ! -e /usr/bin/hello && echo gone`;

test('dpkg installs and removes a package as root of the room', async (t) => {
  t.deepEqual(lines(await rooms.output(t, line)), [
    'script: configure',
    'hello installed',
    'script: installed',
    'script: remove',
    'gone',
  ]);
  t.is(
    await rooms.output(t, 'ls /usr/bin/hello 2> /dev/null || echo gone'),
    'gone',
    'in the next room of the plank',
  );
});

test('useradd adds a user, whom only a room with SETUID and SETGID can become', async (t) => {
  const adding =
    'useradd -u 1234 someone && grep -c someone /etc/passwd && perl -e \'$< = $> = 1234; print "$<\\n"\'';
  t.is(await rooms.output(t, adding), '1\n0');
  t.is(await rooms.output(t, adding, { capabilities: ['SETUID', 'SETGID'] }), '1\n1234');
});
