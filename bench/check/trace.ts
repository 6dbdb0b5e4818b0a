/** Reading what strace wrote (`-f -y -o FILE`): who called what between two marks. */

/** What the subject writes to /dev/null when a room begins. */
export const roomMark = 'bench: next room';

/** For each role (a thread's name for itself), how often it called what. */
export type RoomCalls = ReadonlyMap<string, ReadonlyMap<string, number>>;

interface Call {
  readonly pid: string;
  readonly call: string;
  /** Arguments and result. */
  readonly rest: string;
}

/** One line of the trace: `123 openat(AT_FDCWD, …) = 3`; the end of an interrupted call counts with its beginning. */
const lineOfCall = /^(\d+) +(\w+)\((.*)$/gm;

/**
 * Waiting, waking, memory and time: how often depends on who was faster, not on what a room takes. So does looking for
 * messages and ended processes; sending and starting them counts.
 */
const unsteady = new Set(
  [
    'futex epoll_wait epoll_pwait epoll_pwait2 poll ppoll sched_yield restart_syscall nanosleep clock_nanosleep',
    'mmap munmap mprotect madvise brk mremap clock_gettime gettimeofday getrusage getcpu',
    'recvmsg recvfrom wait4 rt_sigreturn exit exit_group',
  ].flatMap((names) => names.split(' ')),
);

/** How event loops wake each other up; several wake-ups may become one. */
const wakeUp = /^\d+<anon_inode:\[eventfd\]>/;

/**
 * The calls of each room, from its mark to the next one. A thread has the role of its own name, or that of the thread
 * that made it; what executes a program without a name is the command of a room.
 */
export function readTrace(text: string): RoomCalls[] {
  const roleOf = findRoles(text);
  const rooms: Map<string, Map<string, number>>[] = [];
  for (const { pid, call, rest } of callsIn(text)) {
    if (call === 'write' && rest.includes(roomMark)) rooms.push(new Map());
    const counts = rooms.at(-1);
    if (counts === undefined || unsteady.has(call) || wakeUp.test(rest) || rest.includes(roomMark)) continue;
    const role = roleOf(pid);
    const ofRole = counts.get(role) ?? new Map<string, number>();
    counts.set(role, ofRole.set(call, (ofRole.get(call) ?? 0) + 1));
  }
  return rooms.slice(0, -1);
}

/** The line in which a process or thread appears: `12 clone3({flags=…}, 88) = 13`, or the end of it after an interruption. */
const birth = /^(\d+) +(?:<\.\.\. )?(?:clone3?|v?fork)\b.* = (\d+)$/gm;

function callsIn(text: string): Call[] {
  return [...text.matchAll(lineOfCall)].map(([, pid = '', call = '', rest = '']) => ({ pid, call, rest }));
}

export function findRoles(text: string): (pid: string) => string {
  const calls = callsIn(text);
  const main = calls[0]?.pid ?? '';
  const parents = new Map([...text.matchAll(birth)].map(([, parent, child]) => [child, parent]));
  const names = new Map([[main, 'node']]);
  for (const { pid, call, rest } of calls) {
    const name = call === 'prctl' ? /^PR_SET_NAME, "([^"]+)"/.exec(rest)?.[1] : undefined;
    if (name !== undefined) names.set(pid, name);
    else if (call === 'execve' && !names.has(pid)) names.set(pid, 'program');
  }
  const roleOf = (pid: string): string => {
    const parent = parents.get(pid);
    return names.get(pid) ?? (parent === undefined ? 'node' : roleOf(parent));
  };
  return roleOf;
}
