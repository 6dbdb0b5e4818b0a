/** Whether a path is still there. */
type Exists = (path: string) => Promise<boolean>;

/** The list is looked through when it has doubled; below this it is not worth it. */
const LEAST_SWEEP = 1024;

/**
 * Files and directories of the host that rooms of an Anchor were given to write to, by their real paths. What lies in them may be the
 * work of a room for as long as they exist, also when that room is long gone. Those that were removed are forgotten, so that a program
 * which makes a directory for each room does not grow.
 */
export class WrittenTrees {
  readonly #exists: Exists;
  /** Path to a number that changes with each `add`. */
  readonly #roots = new Map<string, number>();
  #added = 0;
  #sweepAt = LEAST_SWEEP;

  constructor(exists: Exists) {
    this.#exists = exists;
  }

  get size(): number {
    return this.#roots.size;
  }

  add(path: string): void {
    this.#roots.set(path, this.#added++);
    if (this.#roots.size < this.#sweepAt) return;
    this.#sweepAt = Infinity;
    void this.#sweep().finally(() => (this.#sweepAt = Math.max(LEAST_SWEEP, this.#roots.size * 2)));
  }

  /** Whether the real path of a directory is one of them or lies below one. */
  holds(directory: string): boolean {
    for (let at = directory; ; at = at.slice(0, at.lastIndexOf('/'))) {
      if (this.#roots.has(at === '' ? '/' : at)) return true;
      if (at === '' || at === '/') return false;
    }
  }

  async #sweep(): Promise<void> {
    for (const [path, added] of [...this.#roots]) {
      // It may have been made and given to a room again while this looked.
      if (!(await this.#exists(path)) && this.#roots.get(path) === added) this.#roots.delete(path);
    }
  }
}
