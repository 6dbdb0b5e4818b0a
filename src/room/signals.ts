import { constants } from 'node:os';
import { SpecRangeError, SpecTypeError } from '../errors.js';

const names = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));
names.set(6, 'SIGABRT'); // not SIGIOT
names.set(29, 'SIGIO'); // not SIGPOLL

/** Highest signal of Linux: SIGRTMAX as the kernel counts. */
const LAST_SIGNAL = 64;

/** `SIGKILL` for 9; real-time signals, which have no fixed names, are `SIG34` and so on. */
export function signalName(signal: number): string {
  return names.get(signal) ?? `SIG${signal}`;
}

/** The number for `'SIGTERM'` or 15. Throws a TypeError or RangeError for what is no signal. */
export function signalNumber(signal: unknown): number {
  if (typeof signal === 'number') {
    if (Number.isInteger(signal) && signal >= 1 && signal <= LAST_SIGNAL) return signal;
    throw new SpecRangeError('ERR_ROOM_SPEC_VALUE', 'signal', `expected 1 to ${LAST_SIGNAL}, got ${signal}`);
  }
  if (typeof signal !== 'string') {
    throw new SpecTypeError('ERR_ROOM_SPEC_TYPE', 'signal', 'expected a name such as SIGTERM, or a number');
  }
  const number = (constants.signals as Readonly<Record<string, number>>)[signal];
  if (number === undefined) {
    throw new SpecRangeError('ERR_ROOM_SPEC_VALUE', 'signal', `${JSON.stringify(signal)} is not a signal`);
  }
  return number;
}
