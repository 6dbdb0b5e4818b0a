// Nix inside rooms: stores on tmpfs and on the vault, what they give each other, and what they cannot do to it.
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Anchor, RoomError, SpecRangeError, type NixSpec } from '../../src/index.js';
import { buildLine, NixRooms } from '../helpers/nix-rooms.js';

/** Where the host has Nix, for what is compared with. */
const path = process.env['PATH'];
const stores: readonly NixSpec[] = [{ store: 'tmpfs' }, { store: 'vault' }];

for (const nix of stores) {
  test.serial(
    `${nix.store}: the same path as on the host, in the sandbox, and the next room builds nothing`,
    async (t) => {
      t.timeout(600_000);
      const rooms = await NixRooms.make(t);
      const { offline, anchor } = rooms;
      const host = execFileSync(
        'nix',
        [
          'build',
          '--no-link',
          '--json',
          '--store',
          join(offline.root, 'host'),
          `path:${offline.directory}#slow`,
        ],
        {
          env: {
            PATH: path,
            HOME: offline.root,
            NIX_CONF_DIR: offline.root,
            NIX_CONFIG: 'experimental-features = nix-command flakes\nsubstituters =\nbuild-users-group =',
          },
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      );
      const [{ outputs }] = JSON.parse(host) as [{ outputs: { out: string } }];

      // With the ids of the host there is no sandbox to be had (docs/decisions/022-nix-in-rooms.md).
      const unmapped = await rooms.run(
        buildLine('slow'),
        { ...nix, keep: 'never', sandbox: false },
        { identity: 'host' },
      );
      t.regex(unmapped.stderr, /slow is built/);
      t.true(unmapped.stdout.includes(`"${outputs.out}"`), unmapped.stdout);

      const first = await rooms.build(t, 'slow', nix);
      t.true(first.built);
      t.is(first.path, outputs.out);
      const { collected, kept, refused } = first.result.outcome.nix!;
      t.deepEqual([collected, refused], [true, []]);
      t.true(kept.some(({ path }) => path === first.path));

      const second = await rooms.build(t, 'slow', nix);
      t.false(second.built);
      t.is(second.path, first.path);
      const [building, taking] = [first, second].map(({ result }) => result.outcome.usage.wall / 1000);
      t.log(`${building!.toFixed()} ms with the build, ${taking!.toFixed()} ms without`);
      t.deepEqual(second.result.outcome.nix, { collected: true, kept: [], refused: [] });
      // The other store knows nothing of it, and comes to the same.
      const other = await rooms.build(
        t,
        'slow',
        stores.find(({ store }) => store !== nix.store)!,
      );
      t.true(other.built);
      t.is(other.path, first.path);

      const verified = await anchor.vault!.verify();
      t.true(verified.ok, JSON.stringify(verified));
      t.is(verified.nix?.paths, 2 * kept.length);
      const records: string[] = [];
      for await (const { operation, phase, reference, from } of anchor.vault!.log())
        if (operation === 'keep' && phase === 'done' && from === `room ${first.result.room.id}`)
          records.push(`/${reference}`);
      t.deepEqual(
        records,
        kept.map(({ path }) => path.replace('/store', '')),
      );
    },
  );

  test.serial(`${nix.store}: two rooms build at once, both right, and the vault is whole`, async (t) => {
    t.timeout(600_000);
    const rooms = await NixRooms.make(t);
    const [one, two] = await Promise.all([rooms.build(t, 'slow', nix), rooms.build(t, 'slow', nix)]);
    t.is(one.path, two.path);
    const outcomes = [one, two].map((each) => each.result.outcome.nix!);
    t.deepEqual(
      outcomes.flatMap(({ refused }) => refused),
      [],
    );
    // Each path came from one of them.
    const kept = outcomes.flatMap((outcome) => outcome.kept.map(({ path }) => path));
    t.is(new Set(kept).size, kept.length);
    t.true(kept.includes(one.path));
    t.true((await rooms.anchor.vault!.verify()).ok);
    t.false((await rooms.build(t, 'slow', nix)).built);
  });

  test.serial(`${nix.store}: what was tampered with is refused, and what fails keeps nothing`, async (t) => {
    t.timeout(600_000);
    const rooms = await NixRooms.make(t);
    const vault = rooms.anchor.vault!;
    const inbox = '/run/anchor/nix/inbox';
    const failed = await rooms.run(`${buildLine('hello')}; exit 3`, nix);
    t.is(failed.outcome.exitCode, 3);
    t.deepEqual(failed.outcome.nix, { collected: false, kept: [], refused: [] });

    // One byte of an archive; then nothing that refers to it is kept either.
    const tampered = await rooms.run(
      `${buildLine('slow')}; for f in ${inbox}/*-hello.nar; do printf X | dd of=$f bs=1 seek=200 conv=notrunc 2>/dev/null; done`,
      nix,
    );
    t.is(tampered.outcome.exitCode, 0, tampered.stderr);
    const { kept, refused } = tampered.outcome.nix!;
    t.true(kept.length > 0);
    const codes = new Map(refused.map(({ entry, code }) => [entry.replace(/^"[^-]*-(.*)"$/, '$1'), code]));
    t.true(['ERR_VAULT_DIGEST', 'ERR_VAULT_SOURCE'].includes(codes.get('hello')!), JSON.stringify(refused));
    t.is(codes.get('slow'), 'ERR_VAULT_SOURCE');
    t.is(codes.size, 2);

    // Other content under a name that the vault has, well-formed, and things that are no archives.
    t.true((await rooms.build(t, 'hello', nix)).result.outcome.nix!.kept.length > 0);
    const forged = await rooms.run(
      [
        'mkdir /tmp/f; echo evil > /tmp/f/x; cd /tmp',
        `name=$(basename $(ls -d /run/anchor/nix/registrations/*-hello 2>/dev/null || sed -n 's/^StorePath: //p' /run/anchor/nix/cache/*.narinfo | grep -- '-hello$'))`,
        `nix-store --dump /tmp/f > ${inbox}/$name.nar`,
        `printf '/nix/store/%s\\n%s\\n%s\\n\\n0\\n' $name $(sha256sum < ${inbox}/$name.nar | cut -d' ' -f1) $(stat -c %s ${inbox}/$name.nar) > ${inbox}/$name.path`,
        `ln -s /etc/passwd ${inbox}/link; mkdir ${inbox}/d; mkfifo ${inbox}/p`,
        `printf junk > ${inbox}/0123456789abcdfghijklmnpqrsvwxyz-junk.nar`,
        `printf '/nix/store/0123456789abcdfghijklmnpqrsvwxyz-junk\\n%064d\\n4\\n\\n0\\n' 0 > ${inbox}/0123456789abcdfghijklmnpqrsvwxyz-junk.path`,
      ].join('\n'),
      nix,
    );
    t.is(forged.outcome.exitCode, 0, forged.stderr);
    t.deepEqual(forged.outcome.nix!.kept, []);
    const said = new Map(
      forged.outcome.nix!.refused.map(({ entry, why }) => [entry.replace(/^"[^-]*-(.*)"$/, '$1'), why]),
    );
    t.deepEqual([...said.keys()].sort(), ['"d"', '"link"', '"p"', 'hello', 'junk']);
    t.regex(said.get('hello')!, /^the vault has it with other content/);
    t.regex(said.get('junk')!, /^its archive is broken/);
    t.true((await vault.verify()).ok);

    // Somebody changes what is kept: verify says so.
    const directories = join(vault.path, 'nix');
    const [archive] = readdirSync(join(directories, 'cache/nar'));
    const file =
      nix.store === 'tmpfs'
        ? join(directories, 'cache/nar', archive!)
        : join(
            directories,
            'layer/nix/store',
            readdirSync(join(directories, 'layer/nix/store')).find((name) => name.endsWith('-hello'))!,
            'bin/hello',
          );
    const content = readFileSync(file);
    chmodSync(file, 0o755);
    content[content.length - 20]! ^= 1;
    writeFileSync(file, content);
    const verified = await vault.verify();
    t.false(verified.ok);
    t.is(verified.nix?.problems.length, 1);
  });

  test.serial(`${nix.store}: collecting garbage in a room hurts nobody else`, async (t) => {
    t.timeout(600_000);
    const rooms = await NixRooms.make(t);
    const first = await rooms.build(t, 'slow', nix);
    const wild = await rooms.run(
      `${buildLine('slow')} >/dev/null; nix store gc; ls /nix/store | grep -c slow || true; rm -rf /nix/store/* || true; rm -rf /run/anchor/nix/cache/* || true`,
      nix,
    );
    t.is(wild.outcome.exitCode, 0, wild.stderr);
    t.regex(wild.stdout, /^0$/m);
    t.true((await rooms.anchor.vault!.verify()).ok);
    const after = await rooms.build(t, 'slow', nix);
    t.deepEqual([after.path, after.built], [first.path, false]);
  });
}

test.serial('the sandbox of Nix is there or the build fails', async (t) => {
  t.timeout(600_000);
  const rooms = await NixRooms.make(t);
  rooms.offline.addPackage('look', 'ls / | sort | tr "\\n" " " >&2; id -u >&2; mkdir $out');
  const nix = { store: 'tmpfs', keep: 'never' } as const;
  const inside = await rooms.run(buildLine('look'), nix);
  t.is(inside.outcome.exitCode, 0, inside.stderr);
  t.regex(inside.stderr, /look> build dev etc nix proc tmp 1000$/m);
  t.is(inside.outcome.nix, null);

  const outside = await rooms.run(buildLine('look'), { ...nix, sandbox: false });
  t.is(outside.outcome.exitCode, 0, outside.stderr);
  t.regex(outside.stderr, /look> .* usr .*0$/m);
  t.deepEqual(
    [outside.room.granted.capabilities, outside.room.spec.seccomp],
    [[], { kind: 'default', allow: [] }],
  );

  // A namespace with one id, where Nix by itself would go on without a sandbox.
  const single = await rooms.run(`unshare -r ${buildLine('look')}`, nix);
  t.not(single.outcome.exitCode, 0);
  t.notRegex(single.stderr, /look>/);
  // A profile of one's own that lets no namespaces through.
  const closed = await rooms.run(buildLine('look'), nix, {
    seccomp: {
      profile: {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [
          { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
          { names: ['unshare', 'pivot_root'], action: 'SCMP_ACT_ERRNO' },
        ],
      },
    },
  });
  t.not(closed.outcome.exitCode, 0);
  t.notRegex(closed.stderr, /look>/);

  // With the ids of the host there is none, and it has to be said.
  await t.throwsAsync(rooms.run('true', nix, { identity: 'host' }), {
    instanceOf: SpecRangeError,
    message: /nix.sandbox/,
  });
  const host = await rooms.run(buildLine('look'), { ...nix, sandbox: false }, { identity: 'host' });
  t.is(host.outcome.exitCode, 0, host.stderr);
  t.regex(host.stderr, /look> .* usr .*0$/m);
});

test.serial('a store of the vault that a room writes to has one room at a time', async (t) => {
  t.timeout(600_000);
  const rooms = await NixRooms.make(t);
  const nix = { store: 'vault', mode: 'bind' } as const;
  const first = await rooms.build(t, 'slow', nix);
  t.deepEqual([first.built, first.result.outcome.nix], [true, null]);
  const second = await rooms.anchor.spawn(rooms.spec(`${buildLine('slow')}; cat`, nix));
  t.teardown(() => second.destroy());
  const error = await t.throwsAsync(rooms.anchor.spawn(rooms.spec('true', nix)), { instanceOf: RoomError });
  t.is(error.code, 'ERR_VAULT_IN_USE');
  // Other rooms do not mind.
  t.true((await rooms.build(t, 'slow', { store: 'tmpfs' })).built);
  second.stdin!.end();
  let text = '';
  for await (const chunk of second.stderr!) text += String(chunk);
  t.notRegex(text, /slow is built/);
  await second.removed;
  t.is((await rooms.run('true', nix)).outcome.exitCode, 0);
});

test.serial('without a vault Nix builds in memory, and what is to be kept is refused', async (t) => {
  const rooms = await NixRooms.make(t);
  await using anchor = await Anchor.open({ reserve: 0 });
  const kept = await t.throwsAsync(anchor.run(rooms.spec('true', { store: 'tmpfs' })), {
    instanceOf: RoomError,
  });
  t.is(kept.code, 'ERR_ROOM_NO_VAULT');
  t.regex(kept.hint!, /keep: 'never'/);
  await t.throwsAsync(anchor.run(rooms.spec('true', { store: 'vault' })), { code: 'ERR_ROOM_NO_VAULT' });
  const { outcome, stderr } = await anchor.run(
    rooms.spec(buildLine('hello'), { store: 'tmpfs', keep: 'never' }),
  );
  t.is(outcome.exitCode, 0, stderr);
});

test.serial('nix run in a room runs what it has built', async (t) => {
  t.timeout(600_000);
  const rooms = await NixRooms.make(t);
  const { outcome, stdout, stderr } = await rooms.run('nix run path:/flake#count -- 3', { store: 'vault' });
  t.deepEqual([outcome.exitCode, stdout], [0, '1\n2\n3\n'], stderr);
});

// Without nixpkgs a shell is a derivation that is built by a bash, with what it needs as attributes. That of the plank finds its libraries outside of the sandbox only.
test.serial('nix develop in a room has what the shell declares', async (t) => {
  t.timeout(600_000);
  const rooms = await NixRooms.make(t);
  rooms.offline.edit(
    'flake.nix',
    'checks.${system}',
    `devShells.\${system}.default = derivation {
        inherit system;
        name = "shell";
        builder = "\${toolbox}/bash";
        args = [ "-c" "echo > $out" ];
        outputs = [ "out" ];
        STEPS = "3";
      };
      checks.\${system}`,
  );
  const line = [
    'cp -r /flake /tmp/flake',
    'cp /bin/bash /tmp/flake/tools/bash',
    "nix develop path:/tmp/flake -c sh -c 'echo $STEPS; exit 7'",
  ].join('\n');
  const { outcome, stdout, stderr } = await rooms.run(line, {
    store: 'tmpfs',
    keep: 'never',
    sandbox: false,
  });
  t.deepEqual([outcome.exitCode, stdout], [7, '3\n'], stderr);
});
