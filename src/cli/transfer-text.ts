import type { TransferProgress } from '../index.js';
import { bytesInWords } from './units.js';

const phases = { read: 'hashing', copy: 'copying', verify: 'reading back' } as const;

/** One line: `copying 37 %  1.2 GiB of 3.4 GiB  420 MiB/s  5 s left`. Pure. */
export function transferText({ phase, bytes, total, rate }: TransferProgress): string {
  const percent = total === 0 ? 100 : Math.min(100, Math.floor((100 * bytes) / total));
  const parts = [`${phases[phase]} ${percent} %`, `${bytesInWords(bytes)} of ${bytesInWords(total)}`];
  if (rate > 0)
    parts.push(`${bytesInWords(Math.round(rate))}/s`, `${secondsInWords((total - bytes) / rate)} left`);
  return parts.join('  ');
}

function secondsInWords(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
