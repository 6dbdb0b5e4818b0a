import { findRoles, roomMark } from './trace.js';

/** One line of what happens when a room starts and ends. */
export interface Step {
  /** Since the request, with what strace adds. */
  readonly microseconds: number;
  readonly role: string;
  readonly call: string;
  /** How often in a row. */
  readonly times: number;
}

/** Not worth a line: waiting for one another, memory, and reading the clock. */
const noise =
  /^(futex|epoll_p?wait2?|poll|ppoll|mmap|munmap|mprotect|madvise|brk|clock_gettime|exit|exit_group)\b/;

const lineOfTime = /^(\d+) +(\d+\.\d+) (.*)$/gm;
const timeOfLine = /^(\d+) +\d+\.\d+ /gm;
const longest = 118;

interface Line {
  readonly pid: string;
  readonly call: string;
  readonly time: number;
}

/** The room of a trace (`strace -f -y -ttt`) whose program wrote first: the one that other load disturbed least. */
export function quickestRoom(text: string): Step[] {
  const lines = [...text.matchAll(lineOfTime)].map(([, pid = '', time = '', call = '']): Line => {
    return { pid, call, time: Number(time) * 1e6 };
  });
  const marks = lines.flatMap(({ call }, index) => (call.includes(roomMark) ? [index] : []));
  const rooms = marks.slice(0, -1).map((mark, index) => lines.slice(mark, marks[index + 1]));
  const wrote = (room: readonly Line[]) => {
    const write = room.find(({ call }) => call.startsWith('write(1<pipe:'));
    return (write?.time ?? Infinity) - (room[0]?.time ?? NaN);
  };
  const [quickest] = rooms.sort((a, b) => wrote(a) - wrote(b));
  return quickest === undefined ? [] : stepsOf(quickest, findRoles(text.replaceAll(timeOfLine, '$1 ')));
}

/**
 * Without what is made for the room after it at the same time: that is done by anchor-prepare, and by the room-init that
 * gets its name meanwhile.
 */
function stepsOf([mark, ...room]: readonly Line[], roleOf: (pid: string) => string): Step[] {
  const young = new Set(
    room.filter(({ call }) => call.startsWith('prctl(PR_SET_NAME')).map(({ pid }) => pid),
  );
  const steps: Step[] = [];
  for (const { pid, call, time } of room) {
    const role = roleOf(pid);
    if (role === 'anchor-prepare' || young.has(pid) || noise.test(call) || !/^\w+\(/.test(call)) continue;
    const last = steps.at(-1);
    if (last?.role === role && sameKind(last.call, call))
      steps.push({ ...steps.pop()!, times: last.times + 1 });
    else steps.push({ microseconds: time - (mark?.time ?? NaN), role, call: shortened(call), times: 1 });
  }
  return steps;
}

export function renderSteps(steps: readonly Step[]): string {
  return steps
    .map(({ microseconds, role, call, times }) =>
      [
        microseconds.toFixed(0).padStart(6),
        role.padEnd(14),
        times === 1 ? call : `${call}   (${times} of these)`,
      ].join('  '),
    )
    .join('\n');
}

/** The same call with the same first word: one capability after another, one descriptor after another. */
function sameKind(one: string, other: string): boolean {
  const kind = (call: string) => /^\w+\((?:PR_\w+)?/.exec(call)?.[0];
  return kind(one) === kind(other) && /^(prctl\(PR_CAPBSET|close|rt_sigaction)/.test(one);
}

function shortened(call: string): string {
  const whole = call.replace(/ <unfinished \.\.\.>$/, ' …').replace(/ += +/g, ' = ');
  return whole.length > longest ? `${whole.slice(0, longest - 1)}…` : whole;
}
