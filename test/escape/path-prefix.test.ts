// Class 26: a path is allowed because its text begins like one that is (apptainer CVE-2026-48785: `/scratch` let `/scratch2` in).
// Rule: what is mounted is a descriptor (OpenHost() and CloneHostTree() in native/launch/sources.cc), and what is below it is found
//   by the kernel (openat2 RESOLVE_IN_ROOT in native/watch/room_file.cc). Where text is compared, whole names are:
//   isWithin() in src/spec/path.ts, staysWithin() (links of a copied tree) in src/room/copy.ts.
//   The vault's root will be one more such place: test it here when there is one.
// Mutation: in isWithin() leave out the slash after ${directory}; in copy.ts let staysWithin() return true; in
//   native/watch/room_file.cc replace RESOLVE_IN_ROOT by 0.
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { lines, mountable, nextText, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

interface Neighbours {
  /** What a room is given. */
  readonly granted: string;
  /** Directories whose names begin like it, and one that its name begins like; each holds a file `secret`. */
  readonly others: readonly string[];
}

async function neighbours(t: ExecutionContext): Promise<Neighbours> {
  const directory = await mkdtemp(join(mountable, 'anchor-prefix-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o777);
  const granted = join(directory, 'vault');
  await mkdir(granted);
  await writeFile(join(granted, 'own'), 'own');
  const others = ['vault2', 'vault-old', 'vaul', 'vault ', 'vault.d'].map((name) => join(directory, name));
  for (const other of others) {
    await mkdir(other);
    await writeFile(join(other, 'secret'), 'secret');
    await chmod(join(other, 'secret'), 0o666);
    await chmod(other, 0o777);
    await symlink(`../${basename(other)}`, join(granted, `link-${basename(other).trim()}`));
    await symlink(other, join(granted, `absolute-${basename(other).trim()}`));
  }
  return { granted, others };
}

async function assertUntouched(t: ExecutionContext, others: readonly string[]): Promise<void> {
  for (const other of others) {
    t.deepEqual(await readdir(other), ['secret']);
    t.is(await readFile(join(other, 'secret'), 'utf8'), 'secret');
  }
}

for (const identity of ['mapped', 'host'] as const)
  test(`a directory that is granted grants none of like name, with identity ${identity}`, async (t) => {
    const { granted, others } = await neighbours(t);
    const names = others.map((other) => basename(other));
    const output = await rooms.output(
      t,
      `cat /vault/own; echo
       for n in ${names.map((name) => `"${name}"`).join(' ')}; do
         for p in "/$n" "/vault/../$n" "/vault/../../$n" "/vault/link-$n" "/vault/absolute-$n" "/vault/./../vault/../$n" "${granted}/../$n" "/vault$n"; do
           cat "$p/secret" 2>/dev/null; echo changed 2>/dev/null > "$p/secret"; mkdir "$p/new" 2>/dev/null
         done
       done; rm -rf /vault/../vault2; mv /vault/own /vault/../vault2/ 2>/dev/null; ln /vault/own /vault/../vault.d/own 2>/dev/null; true`,
      { identity, mounts: [{ host: granted, at: '/vault', access: 'write' }] },
    );
    t.deepEqual(
      lines(output).filter((line) => line.includes('secret')),
      [],
    );
    t.true(output.startsWith('own'));
    await assertUntouched(t, others);
  });

test('files of a room are found below its root and nowhere else', async (t) => {
  const { granted, others } = await neighbours(t);
  const room = await rooms.start(t, 'echo ready; exec sleep 1000', {
    mounts: [{ host: granted, at: '/vault', access: 'write' }],
  });
  await nextText(room.stdout);
  for (const other of others) {
    const name = basename(other);
    for (const path of [`/vault/../${name}/secret`, `/vault/link-${name.trim()}/secret`, `/vault/absolute-${name.trim()}/secret`, other + '/secret', `/../../../..${other}/secret`, `/vault${name.slice(5)}/secret`]) {
      await t.throwsAsync(room.files.read(path), { code: 'ERR_ROOM_FILE' }, path);
      await t.throwsAsync(room.files.remove(path), { code: 'ERR_ROOM_FILE' }, path);
      await t.throwsAsync(room.files.write(path, 'changed'), { code: 'ERR_ROOM_FILE' }, path);
    }
  } // prettier-ignore
  await assertUntouched(t, others);
});

test('links in a tree that is copied out lead to no neighbour of like name', async (t) => {
  const { others } = await neighbours(t);
  const to = await mkdtemp(join(rooms.directory, 'out-'));
  const tree = join(to, 'tree');
  // What the links would reach on the host.
  for (const name of ['tree2', 'tre', 'tree.d']) {
    await mkdir(join(to, name));
    await writeFile(join(to, name, 'secret'), 'secret');
  }
  const room = await rooms.start(
    t,
    `mkdir -p /tmp/tree/sub/..d /tmp/tree2 /tmp/tree.d; cd /tmp/tree; echo x > ..d; echo x > sub/..d/file
     ln -s ../tree2/secret a; ln -s ../tree/../tree2/secret b; ln -s ./../tree2 c; ln -s sub/../../tree2 d; ln -s ../tre/secret e
     ln -s .//..//tree.d/secret f; ln -s sub/../../tree.d/secret g; ln -s ../../${basename(to)}/tree2 h; ln -s ${others[0] ?? ''}/secret i
     cd sub; ln -s ../../tree2/secret a; ln -s ../../tree/../tree2 b; ln -s ..d/../../../tree2 c; ln -s ../..d fine; ln -s ..d/file fine2
     echo ready; exec sleep 1000`,
  );
  await nextText(room.stdout);
  const { skipped } = await room.files.copyOut('/tmp/tree', tree);
  t.true(skipped.length >= 10, JSON.stringify(skipped));
  const links = (await readdir(tree, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isSymbolicLink(),
  );
  t.deepEqual(links.map(({ name }) => name).sort(), ['fine', 'fine2']);
  for (const link of links) t.false((await readlink(join(link.parentPath, link.name))).includes('tree'));
  t.false(existsSync(join(tree, 'a')));
});

test('places that are the kernel’s are so by whole names', async (t) => {
  for (const at of ['/proc/x', '/proc', '/proc/../proc', '/sys/kernel', '//dev//shm', '/./sys'])
    await t.throwsAsync(
      rooms.anchor.spawn(rooms.shell('true', { mounts: [{ tmpfs: '1MiB', at }] })),
      undefined,
      at,
    );
  const names = ['/process', '/proc2', '/sysroot', '/dev.d', '/devices'];
  const output = await rooms.output(t, `for p in ${names.join(' ')}; do touch $p/file && echo $p; done`, {
    mounts: names.map((at) => ({ tmpfs: '1MiB', at })),
  });
  t.deepEqual(lines(output), names);
});
