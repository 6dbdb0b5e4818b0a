import type { Addon, FaultError, TransferFile, TransferOrder, TransferredFile } from '../../types/addon.js';
import { onAbort } from '../abort.js';
import { errorFromNative } from '../addon/refusal.js';

/** `read`: hashed, because the same may be there already; `copy`; `verify`: read back from the disk. */
export type TransferPhase = 'read' | 'copy' | 'verify';

/** How far a transfer is. */
export interface TransferProgress {
  readonly phase: TransferPhase;
  /** Bytes of this phase that are on the disk, or that were read back from it. */
  readonly bytes: number;
  readonly total: number;
  /** Bytes per second, of the last seconds; 0 until there is something to divide. */
  readonly rate: number;
  /** The file at hand, below what is transferred. */
  readonly path: string;
}

/** How a transfer can be watched and stopped. */
export interface TransferOptions {
  signal?: AbortSignal | undefined;
  /** Called at most ten times a second, and at the beginning and end of each phase. */
  onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** What a phase is about, for its progress. */
export interface PhaseInfo {
  readonly phase: TransferPhase;
  readonly total: number;
  /** Bytes of the phase that were done before. */
  readonly before?: number;
}

/** All of a file, unless a range is named. */
export type FileRequest = Omit<TransferFile, keyof typeof wholeFile> & Partial<typeof wholeFile>;

/** Nothing is read back and no blocks are shared, unless it is said. */
export type TransferRequest = Omit<TransferOrder, 'files' | 'readBack' | 'share'> & {
  readonly files: readonly FileRequest[];
  readonly readBack?: boolean;
  readonly share?: boolean;
};

const wholeFile: Pick<TransferFile, 'offset' | 'length' | 'continues'> = {
  offset: 0,
  length: null,
  continues: false,
};

const interval = 100;
/** What the rate is the mean of, in ticks. */
const window = 20;

function orderOf({ files, readBack = false, share = false, ...how }: TransferRequest): TransferOrder {
  return { ...how, readBack, share, files: files.map((file) => ({ ...wholeFile, ...file })) };
}

/** Runs one native transfer: rejects with a RoomError, or with the reason of the signal once nothing runs any more. */
export async function runTransfer(
  addon: Addon,
  request: TransferRequest,
  { phase, total, before = 0 }: PhaseInfo,
  { signal, onProgress }: TransferOptions,
): Promise<readonly TransferredFile[]> {
  signal?.throwIfAborted();
  const order = orderOf(request);
  const transfer = new addon.Transfer(JSON.stringify(order));
  const samples: { at: number; bytes: number }[] = [];
  const report = (): void => {
    const { file, ...now } = transfer.progress();
    // What is on the disk already is still being read back.
    const reading = order.readBack && now.bytes >= total;
    const bytes = before + (reading ? now.verified : now.bytes);
    // It goes back where reading back begins.
    if (bytes < (samples.at(-1)?.bytes ?? 0)) samples.length = 0;
    samples.push({ at: performance.now(), bytes });
    if (samples.length > window) samples.shift();
    const [first, last] = [samples[0], samples.at(-1)];
    const time = first === undefined || last === undefined ? 0 : last.at - first.at;
    const rate = time > 0 ? (((last?.bytes ?? 0) - (first?.bytes ?? 0)) * 1000) / time : 0;
    const path = order.files[Math.min(file, order.files.length - 1)]?.source ?? '';
    onProgress?.({ phase: reading ? 'verify' : phase, bytes, total, rate, path });
  };
  const leave = onAbort(signal, () => transfer.cancel());
  const timer = onProgress === undefined ? undefined : setInterval(report, interval);
  try {
    if (onProgress !== undefined) report();
    const results = await transfer.run();
    if (onProgress !== undefined) report();
    return results;
  } catch (error) {
    if (signal?.aborted === true && (error as Partial<FaultError>).fault?.step === 'copy.cancelled')
      throw signal.reason;
    throw errorFromNative(error);
  } finally {
    clearInterval(timer);
    leave();
  }
}
