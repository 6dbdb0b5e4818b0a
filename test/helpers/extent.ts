/**
 * ANCHOR_TESTS=whole: every state that a crash may leave, on each file system, and more of the calls that may fail. Else some, evenly spread,
 * which is what there is time for at each change.
 */
export const whole = process.env['ANCHOR_TESTS'] === 'whole';
