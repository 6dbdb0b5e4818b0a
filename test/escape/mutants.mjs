/**
 * Rules that keep rooms in, each with the change that switches it off and the tests that must notice. `find` occurs once
 * in `file`; `also` are further changes; `match` picks tests where others would do harm to the host without the rule. scripts/mutants.mjs tries them: npm run test:mutants.
 */
const escape = (...names) => names.map((name) => `test/escape/${name}.test.ts`);

const namespaces = {
  file: 'native/launch/init_process.cc',
  find: 'CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET;',
};

export const mutants = [
  {
    name: '1 room-init is a sealed copy',
    file: 'native/launch/init_copy.cc',
    find: 'fchmod(copy.get(), 0111)',
    replace: 'fchmod(copy.get(), 0777)',
    tests: escape('runtime-overwrite'),
  },
  {
    name: '1 room-init cannot be traced or looked into',
    file: 'native/init/assemble/begin.cc',
    find: 'Raw(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);',
    replace: '',
    also: [
      {
        file: 'native/launch/init_copy.cc',
        find: 'fchmod(copy.get(), 0111)',
        replace: 'fchmod(copy.get(), 0777)',
      },
      {
        file: 'native/init/assemble/privileges.cc',
        find: 'PR_SET_DUMPABLE, 0, 0, 0, 0',
        replace: 'PR_SET_DUMPABLE, 1, 0, 0, 0',
      },
      {
        file: 'native/init/run.cc',
        find: 'Raw(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);',
        replace: 'Raw(__NR_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);',
      },
    ],
    tests: ['test/room/exec-hidden.test.ts', ...escape('runtime-overwrite')],
  },
  {
    name: '2 no descriptor stays open',
    file: 'native/init/assemble/assemble.cc',
    find: 'Raw(__NR_close_range, kSignalsFd + 1, ~0u, 0)',
    replace: '0',
    also: [{ file: 'native/init/run.cc', find: 'Raw(__NR_close_range, 3, ~0u, 0)', replace: '0' }],
    tests: escape('leaked-descriptors', 'interpreter-tricks'),
  },
  {
    name: '2 a stream is no directory',
    file: 'native/launch/streams.cc',
    find: 'if (S_ISDIR(info.st_mode))',
    replace: 'if (false)',
    tests: escape('leaked-descriptors'),
  },
  {
    name: '3 root of a host-identity room has a read-only /proc',
    file: 'src/host/proc-masks.ts',
    find: "const procItself: CoverPlan = { kind: 'read-only', target: '/proc' };",
    replace: "const procItself: CoverPlan = { kind: 'read-only', target: '/proc/none' };",
    tests: escape('masked-path-links'),
  },
  {
    name: '4 no link is followed to a tree of the kernel',
    file: 'native/init/assemble/target.cc',
    find: '(links ? 0 : RESOLVE_NO_SYMLINKS)',
    replace: '(links ? 0 : 0)',
    tests: escape('dev-symlink', 'masked-path-links'),
  },
  {
    name: '4 targets stay in the root',
    file: 'native/init/assemble/target.cc',
    find: 'RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS',
    replace: '0',
    tests: escape('dev-symlink', 'masked-path-links'),
  },
  {
    name: '4 a link leads no mount into the trees of the kernel',
    file: 'native/init/assemble/target.cc',
    find: 'target >= 0 && IsKernelTree(room, target)',
    replace: 'target >= 0 && IsKernelTree(room, target) && target < 0',
    tests: escape('dev-symlink'),
  },
  {
    name: '5 sources of mounts have no links',
    file: 'native/launch/sources.cc',
    find: 'O_PATH, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)',
    replace: 'O_PATH)',
    tests: escape('mount-swap'),
  },
  {
    name: '6 files of a room are opened below its root',
    file: 'native/watch/room_file.cc',
    find: 'RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS',
    replace: '0',
    // host-file-api would write to and remove from /tmp of the host then.
    tests: escape('path-prefix'),
  },
  {
    name: '6 entries of a tree are what they are',
    file: 'src/room/room-fd.ts',
    find: 'constants.O_NOCTTY | constants.O_NOFOLLOW',
    replace: 'constants.O_NOCTTY',
    tests: escape('host-file-api', 'file-api-races'),
  },
  {
    name: '7 what a room mounts stays in the room',
    file: 'native/launch/sources.cc',
    find: 'mount.recursive, -1, kPrivate',
    replace: 'mount.recursive, -1, 0',
    tests: escape('teardown-links'),
  },
  {
    name: '8 nothing is typed into a terminal',
    file: 'src/plan/seccomp/default-profile.ts',
    find: "[int(1, 'EQ', 0x5412)], // TIOCSTI",
    replace: '',
    tests: escape('terminal-injection', 'syscall-table'),
  },
  {
    name: '9 no cgroup file system',
    file: 'src/plan/mounts.ts',
    find: "{ kind: 'sysfs', target: '/sys', attributes: KERNEL_FILE_SYSTEM | MOUNT_ATTR_RDONLY }",
    replace:
      "{ kind: 'sysfs', target: '/sys', attributes: KERNEL_FILE_SYSTEM }, { kind: 'bind', source: '/sys/fs/cgroup', sourceKind: 'directory', target: '/sys/fs/cgroup', attributes: 0, recursive: true, idmap: null }",
    tests: escape('cgroup-release-agent', 'proc-surface'),
  },
  {
    name: '10 no new user namespaces',
    file: 'src/plan/seccomp/default-profile.ts',
    find: 'const newNamespaces = 0x7e02_0000;',
    replace: 'const newNamespaces = 0x6e02_0000;',
    tests: escape('nested-user-namespace', 'syscall-table'),
  },
  {
    name: '12 no AF_ALG',
    file: 'src/plan/seccomp/default-profile.ts',
    find: "[int(0, 'NE', AF_UNIX), int(0, 'NE', AF_INET)",
    replace: "[int(0, 'NE', 38), int(0, 'NE', AF_UNIX), int(0, 'NE', AF_INET)",
    tests: escape('page-cache', 'syscall-table'),
  },
  {
    name: '12 mounts of the host are read-only',
    file: 'src/plan/mounts.ts',
    find: "(bind.access === 'read' ? MOUNT_ATTR_RDONLY : 0)",
    replace: '0',
    tests: escape('page-cache'),
  },
  {
    name: '13 one architecture',
    file: 'src/plan/seccomp/compile.ts',
    find: 'decisions.action(KILL_PROCESS)',
    replace: 'decisions.action(0x7fff0000)',
    tests: escape('foreign-abi', 'syscall-table'),
  },
  {
    name: '14 no new privileges',
    file: 'native/init/assemble/privileges.cc',
    find: 'PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0',
    replace: 'PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0',
    tests: escape('inheritable-capabilities', 'image-privileges'),
  },
  {
    name: '14 no capability can come back',
    file: 'native/init/run.cc',
    find: 'Raw(__NR_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0), "run.capabilities"',
    replace: '0, "run.capabilities"',
    tests: escape('inheritable-capabilities'),
  },
  {
    name: '14 devices of an image are none',
    file: 'native/init/assemble/root.cc',
    find: 'sys::Fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)',
    replace: 'sys::Fsmount(context, 0)',
    tests: escape('image-privileges'),
  },
  {
    name: '15 a network of its own',
    ...namespaces,
    replace: 'CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;',
    match: '*abstract*',
    tests: escape('abstract-socket'),
  },
  {
    name: '16 ids are read strictly',
    file: 'src/host/user.ts',
    find: 'resolved.uid >= idLimit || resolved.gid >= idLimit',
    replace: 'false',
    tests: escape('user-string'),
  },
  {
    name: '17 a pid is asked by its descriptor',
    file: 'native/watch/requests.cc',
    find: 'if (alive == 0) return root;',
    replace: 'return root;',
    also: [
      {
        file: 'native/watch/life.cc',
        find: 'if (Room* room = Find(number)) ReadControl(*room);\n',
        replace:
          "if (Room* room = Find(number)) { End early; Reap(room->launched->pidfd.get(), early); usleep(300'000); ReadControl(*room); }\n",
      },
      {
        file: 'native/watch/life.cc',
        find: '#include <errno.h>\n',
        replace: '#include <errno.h>\n#include <unistd.h>\n',
      },
    ],
    tests: escape('recycled-pid'),
  },
  {
    name: '23 ranges of ids are apart',
    file: 'src/host/ids.ts',
    find: 'if (slot !== undefined) return block.first + slot * idsPerRoom;',
    replace: 'if (slot !== undefined) return block.first;',
    tests: escape('cross-room-ids'),
  },
  {
    name: '23 queues and shared memory of its own',
    ...namespaces,
    replace: 'CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNET;',
    tests: escape('cross-room'),
  },
  {
    name: '23 what a room counts is not taken from root',
    file: 'native/launch/blank.cc',
    find: 'map, map, fault, map.outside)',
    replace: 'map, map, fault)',
    tests: escape('shared-counters', 'cross-room-ids'),
  },
  {
    name: '24 no set-id program is shipped',
    shell: { change: 'chmod u+s build/Release/room-init', undo: 'chmod u-s build/Release/room-init' },
    tests: escape('setuid-helper'),
  },
  {
    name: '25 what is wrong with an image has a type',
    file: 'src/host/plank-fault.ts',
    find: "if (!(error instanceof Error) || !('fault' in error)) return error;",
    replace: 'if (describe(0).length > 0) return error;',
    tests: escape('image-fuzz'),
  },
  {
    name: '26 a prefix is no directory',
    file: 'src/spec/path.ts',
    find: 'path.startsWith(`${directory}/`)',
    replace: 'path.startsWith(directory)',
    tests: escape('path-prefix'),
  },
  {
    name: '27 the end of PID 1 is the end of all',
    file: 'native/init/supervise.cc',
    find: 'if (process == 0) End();',
    replace: '',
    match: '*end of the command*',
    tests: escape('fork-bomb'),
  },
  {
    name: '28 /sys is read-only',
    file: 'src/plan/mounts.ts',
    find: 'KERNEL_FILE_SYSTEM | MOUNT_ATTR_RDONLY },',
    replace: 'KERNEL_FILE_SYSTEM },',
    tests: escape('proc-surface'),
  },
  {
    name: '29 no variable of the embedding program',
    file: 'src/plan/process.ts',
    find: 'env: env.map(([name, value]) => `${name}=${value}`),',
    replace:
      'env: [...Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ""}`), ...env.map(([name, value]) => `${name}=${value}`)],',
    tests: escape('sandbox-bench'),
  },
  {
    name: '11 calls that nobody knows are none',
    file: 'native/init/assemble/assemble.cc',
    find: 'if (length == 0) return true;',
    replace: 'if (length < 100000) return true;',
    tests: escape('syscall-table'),
  },
];
