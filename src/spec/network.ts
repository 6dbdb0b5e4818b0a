import { wrongType, wrongValue } from './field.js';

const expectedNetwork =
  '"none", the only network a room can have in this version (a loopback interface of its own)';

/** Refuses everything but `none`: a network that is not there must not look as if it were. */
export function checkNetwork(value: unknown, field: string): void {
  if (value === undefined || value === 'none') return;
  if (typeof value !== 'string') throw wrongType(field, expectedNetwork, value);
  throw wrongValue(field, expectedNetwork, value);
}
