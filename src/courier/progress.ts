import type { TransferOptions, TransferProgress } from '../vault/transfer.js';

/** How far a sending is. */
export interface SendProgress extends TransferProgress {
  /** Seconds until this phase is done; null: there is nothing to tell it by. */
  readonly eta: number | null;
}

export interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called at most ten times a second, and at the beginning and end of each phase. */
  readonly onProgress?: ((progress: SendProgress) => void) | undefined;
}

/** What the rate is the mean of, milliseconds. */
const window = 4000;

/** Options of the transfers of one sending. The rate is that of all files of a phase, also of those that go in parts. */
export function withPace(
  { signal, onProgress }: SendOptions,
  now = () => performance.now(),
): TransferOptions {
  if (onProgress === undefined) return { signal };
  let samples: { readonly at: number; readonly bytes: number }[] = [];
  let phase = '';
  return {
    signal,
    onProgress: (progress) => {
      const last = samples.at(-1);
      if (progress.phase !== phase || (last !== undefined && progress.bytes < last.bytes)) samples = [];
      phase = progress.phase;
      samples.push({ at: now(), bytes: progress.bytes });
      samples = samples.filter(({ at }) => at >= now() - window);
      const [first] = samples;
      const time = first === undefined ? 0 : now() - first.at;
      const rate = time > 0 && first !== undefined ? ((progress.bytes - first.bytes) * 1000) / time : 0;
      const left = Math.max(0, progress.total - progress.bytes);
      onProgress({ ...progress, rate, eta: rate > 0 ? left / rate : null });
    },
  };
}
