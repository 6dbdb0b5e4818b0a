/**
 * ANCHOR_TESTS=whole: every state that a crash may leave, every call that may fail, each file system. Else some of each, in turn, which is
 * what there is time for at each change.
 */
export const whole = process.env['ANCHOR_TESTS'] === 'whole';
