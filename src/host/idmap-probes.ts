/** Remembers which mounted file systems take an idmapped mount. */
export class IdmapProbes {
  readonly #probe: (path: string) => Promise<boolean>;
  readonly #known = new Map<string, Promise<boolean>>();

  constructor(probe: (path: string) => Promise<boolean>) {
    this.#probe = probe;
  }

  /** `dev` names the file system that `path` lies on. Callers at the same time share one probe. */
  test(dev: string, path: string): Promise<boolean> {
    const known = this.#known.get(dev);
    if (known !== undefined) return known;
    const answer = this.#probe(path);
    this.#known.set(dev, answer);
    // A probe that could not be made says nothing about the file system.
    answer.catch(() => this.#known.delete(dev));
    return answer;
  }
}
