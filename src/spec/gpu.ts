import { wrongType, wrongValue } from './field.js';

const expectedGpu = 'false: rooms of this version have no GPU';

/** Refuses everything but false: a device that is not there must not look as if it were. */
export function checkGpu(value: unknown, field: string): void {
  if (value === undefined || value === false) return;
  if (typeof value !== 'boolean') throw wrongType(field, expectedGpu, value);
  throw wrongValue(field, expectedGpu, value);
}
