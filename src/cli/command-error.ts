/** Something is wrong that this command itself has found, and the library has no code for. */
export abstract class CommandError extends Error {
  abstract readonly code: `ERR_ANCHOR_${string}`;
  /** What to do about it. */
  readonly hint?: string;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = new.target.name;
    if (hint !== undefined) this.hint = hint;
  }
}

/** The command line is wrong: nothing was tried. */
export class UsageError extends CommandError {
  readonly code = 'ERR_ANCHOR_USAGE';
}

/** A result cannot be had or put where it was wanted. */
export class ResultError extends CommandError {
  readonly code = 'ERR_ANCHOR_RESULT';
}

/** A signal came before there was a room to pass it on to. */
export class Interrupted extends CommandError {
  readonly code = 'ERR_ANCHOR_INTERRUPTED';

  constructor(readonly signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
  }
}
