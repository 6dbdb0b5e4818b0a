import test from 'ava';
import { SpecRangeError, SpecTypeError } from '../../src/errors.js';
import { parseRoomSpec } from '../../src/spec/parse.js';

/** The smallest spec there is. */
export const smallest = { plank: '/planks/room.sqsh', command: ['true'] };

/** Ways to be refused, and the class and code that each one must have. */
const kinds = {
  type: { constructor: SpecTypeError, code: 'ERR_ROOM_SPEC_TYPE', form: /: expected .+, got .+$/s },
  value: { constructor: SpecRangeError, code: 'ERR_ROOM_SPEC_VALUE', form: /: expected .+, got .+$/s },
  unknown: {
    constructor: SpecTypeError,
    code: 'ERR_ROOM_SPEC_UNKNOWN_KEY',
    form: /: (there is no such field; .+|expected .+, got .+)$/s,
  },
  conflict: { constructor: SpecRangeError, code: 'ERR_ROOM_SPEC_CONFLICT', form: /: expected .+$/s },
} as const;

export type Refusal = keyof typeof kinds;

/** One row of a table: what is added to the smallest spec, how it is refused, and which field is named. */
export type RefusalRow = readonly [
  change: Readonly<Record<string, unknown>>,
  refusal: Refusal,
  field: string,
];

/** The call is refused in this way, and the message names the field and stays short. */
export const refusedCall = test.macro((t, call: () => unknown, refusal: Refusal, field: string) => {
  const { constructor, code, form } = kinds[refusal];
  const error = t.throws(call, { any: true });
  if (!(error instanceof constructor)) {
    t.fail(`expected a ${constructor.name}, got ${String(error)}`);
    return;
  }
  t.is(error.code, code);
  t.is(error.field, field);
  t.true(error.message.startsWith(`${field}: `), error.message);
  t.regex(error.message, form);
  t.true(error.message.length < 500, error.message);
});

/** Registers one test for each row. */
export function refuses(rows: readonly RefusalRow[]): void {
  rows.forEach(([change, refusal, field], row) => {
    const title = `refused (${refusal}) ${field}, row ${String(row)}`;
    test(title, refusedCall, () => parseRoomSpec({ ...smallest, ...change }), refusal, field);
  });
}
