import type { CommandPage } from './command-line.js';

/** Every option of `anchor run`. */
export const runOptions = {
  interactive: {
    short: 'i',
    help: 'standard input of this command is that of the program',
    heading: 'Streams',
  },
  tty: { short: 't', help: 'the program gets a terminal; with -i it is this one' },
  env: {
    value: 'NAME[=VALUE]',
    many: true,
    help: 'a variable of its environment; without a value, the one it has here',
    heading: 'Command',
  },
  cwd: { value: 'PATH', help: 'working directory in the room (default /)' },
  hostname: { value: 'NAME', help: 'default: room' },
  user: { value: 'USER', help: 'root (default), an id, uid:gid, or a name of the plank' },
  identity: { value: 'KIND', help: 'mapped (default): ids without rights on the host; host: its own ids' },
  cap: { value: 'NAME', many: true, help: 'a capability inside the room, without CAP_ (default: none)' },
  mount: {
    value: 'KEY=VALUE,…',
    many: true,
    help:
      'host=/path,at=/path and, if wanted, access=write, noexec, recursive; read-only otherwise. Or ' +
      'vault=KIND/NAME[@N],at=/path: what the vault has. Or vault=KIND,at=/path,access=write and, if wanted, keep=always, ' +
      'size=8GiB, checkpoints=30s: what is left there becomes new generations',
    heading: 'Files',
  },
  vault: {
    value: 'PATH',
    help: 'the vault (default: the environment variable ANCHOR_VAULT, where something of one is named)',
  },
  record: { help: 'the audit log of the vault tells of the room: what it has of it, and how it ended' },
  tmpfs: { value: 'KEY=VALUE,…', many: true, help: 'at=/path,size=1GiB and, if wanted, mode=1777, noexec' },
  nix: {
    value: 'KEY=VALUE,…',
    help: 'Nix in the room: store=tmpfs or store=vault and, if wanted, mode=bind, keep=never, size=SIZE, nosandbox',
  },
  services: {
    value: 'FILE',
    help: 'services by name, JSON as in docs/spec.md: ready before the command begins',
  },
  'read-only-root': { help: 'nothing but mounts can be written to' },
  'plank-digest': { value: 'sha256:HEX', help: 'refuse the plank unless this is its SHA-256' },
  memory: { value: 'SIZE', help: 'memory of the whole room, e.g. 512MiB', heading: 'Limits' },
  swap: { value: 'SIZE', help: 'swap besides (default 0 with --memory)' },
  cpus: { value: 'NUMBER', help: "CPUs' worth of time, e.g. 1.5" },
  'cpu-weight': { value: 'NUMBER', help: '1 to 10000; the kernel has 100' },
  processes: { value: 'NUMBER', help: 'processes and threads together' },
  disk: { value: 'SIZE', help: 'the writable layer (default 64MiB)' },
  files: { value: 'NUMBER', help: 'files and directories in the writable layer' },
  'io-weight': { value: 'NUMBER', help: '1 to 10000; the kernel has 100' },
  io: {
    value: 'KEY=VALUE,…',
    many: true,
    help: 'device=/dev/sda and at least one of rbps=SIZE, wbps=SIZE, riops=NUMBER, wiops=NUMBER (per second)',
  },
  rlimit: {
    value: 'NAME=SOFT[:HARD]',
    many: true,
    help: 'setrlimit(2), e.g. nofile=1024:4096, stack=unlimited',
  },
  cgroup: {
    value: 'PATH',
    help: 'delegated cgroup v2 directory for the room; default: the cgroup of this command',
  },
  lifetime: { value: 'DURATION', help: 'the room ends after this long: 500ms, 30s, 10min, 2h, 1d' },
  network: {
    value: 'KIND',
    help: 'none (default): a loopback interface of its own',
    heading: 'Network and system calls',
  },
  'seccomp-allow': { value: 'NAME', many: true, help: 'a system call besides those of the default profile' },
  seccomp: {
    value: 'FILE',
    help: 'a profile in OCI format instead of the default one; default: the default one',
  },
  spec: {
    value: 'FILE',
    help: 'begin with this spec, JSON as in docs/spec.md (- is standard input); options change it',
    heading: 'Spec, plan and result',
  },
  plan: { help: 'print what would be done, as JSON, and make no room' },
  verbose: { help: 'at the end, say where the time went and what the room used (standard error)' },
  json: { help: 'at the end, write id, granted, timings and outcome as one line of JSON' },
  'json-fd': { value: 'FD', help: 'where --json writes; implies it (default 2, standard error)' },
} as const;

export const runPage = {
  name: 'anchor run',
  usage: ['[options] PLANK [--] COMMAND [ARGUMENT…]', '[options] --spec FILE [PLANK COMMAND… | -- COMMAND…]'],
  about: [
    "PLANK is a squashfs or erofs image, the word host for a read-only view of this machine's /usr, or the name of a plank in the vault. The room has what " +
      'the options say and nothing else: no network, no file, no variable of this machine. Options end at PLANK.',
  ],
  options: runOptions,
  notes: [
    'Exit code: that of the command; 128+n when signal n ended it; 124 when the lifetime was over; 137 when it ran out of ' +
      'memory; 125 when the room could not be made; 2 when the command line or the spec is wrong.',
    '',
    'Examples:',
    '  anchor run host echo hello',
    '  anchor run -it --env TERM tools.sqsh sh',
    '  anchor run --memory 1GiB --lifetime 10min --mount host=.,at=/work --cwd /work host make',
    '  tar c src | anchor run -i --tmpfs at=/src,size=1GiB host tar x -C /src',
  ],
} as const satisfies CommandPage;
