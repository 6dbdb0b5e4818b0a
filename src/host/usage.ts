/** What a room consumed. null: this host does not count it. */
export interface CgroupUsage {
  /** Microseconds. */
  readonly cpuUser: number | null;
  /** Microseconds. */
  readonly cpuSystem: number | null;
  /** Microseconds that tasks had to wait because cpu.max was used up. */
  readonly throttled: number | null;
  /** Bytes. */
  readonly memoryCurrent: number | null;
  /** Bytes. */
  readonly memoryPeak: number | null;
  /** Bytes. */
  readonly swapCurrent: number | null;
  /** Bytes. */
  readonly swapPeak: number | null;
  readonly processes: number | null;
  readonly processesPeak: number | null;
  /** Over all block devices. */
  readonly io: IoUsage | null;
  /** Processes that the kernel killed for want of memory. */
  readonly oomKills: number | null;
  /** Times that memory.max was reached and nothing could be reclaimed: the kernel then kills. */
  readonly outOfMemory: number | null;
  /** Times that pids.max refused a fork. */
  readonly processRefusals: number | null;
}

export interface IoUsage {
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly readOperations: number;
  readonly writeOperations: number;
}

/** File name → text, as in the `ended` event. */
export type CgroupTexts = Readonly<Record<string, string>>;

/** Reads what the kernel counted. Unknown keys are passed over: every kernel adds some. */
export function parseUsage(files: CgroupTexts): CgroupUsage {
  const cpu = flatKeyed(files['cpu.stat']);
  const memory = flatKeyed(files['memory.events']);
  const processes = flatKeyed(files['pids.events']);
  return {
    cpuUser: cpu.get('user_usec') ?? null,
    cpuSystem: cpu.get('system_usec') ?? null,
    throttled: cpu.get('throttled_usec') ?? null,
    memoryCurrent: single(files['memory.current']),
    memoryPeak: single(files['memory.peak']),
    swapCurrent: single(files['memory.swap.current']),
    swapPeak: single(files['memory.swap.peak']),
    processes: single(files['pids.current']),
    processesPeak: single(files['pids.peak']),
    io: sumIo(files['io.stat']),
    oomKills: memory.get('oom_kill') ?? null,
    outOfMemory: memory.get('oom') ?? null,
    processRefusals: processes.get('max') ?? null,
  };
}

function single(text: string | undefined): number | null {
  return text === undefined ? null : count(text.trim());
}

/** Lines of `name number`. */
function flatKeyed(text: string | undefined): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text?.split('\n') ?? []) {
    const [name, value, ...rest] = line.trim().split(' ');
    const number = value === undefined || rest.length > 0 ? null : count(value);
    if (name !== undefined && number !== null) values.set(name, number);
  }
  return values;
}

/** Lines of `major:minor rbytes=… wbytes=… rios=… wios=…`; a device without traffic may have no numbers at all. */
function sumIo(text: string | undefined): IoUsage | null {
  if (text === undefined) return null;
  const sum = { rbytes: 0, wbytes: 0, rios: 0, wios: 0 };
  for (const [, key, value] of text.matchAll(/\b(rbytes|wbytes|rios|wios)=(\d+)\b/g)) {
    sum[key as keyof typeof sum] += Number(value);
  }
  return {
    readBytes: sum.rbytes,
    writeBytes: sum.wbytes,
    readOperations: sum.rios,
    writeOperations: sum.wios,
  };
}

/** Digits only: `max` is no count, and Number('') would be 0. */
function count(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : null;
}
