/** What Nix says about itself while it works, as `onProgress` gets it. */
export type FlakeProgress =
  /** What is done from now on. */
  | { readonly type: 'phase'; readonly phase: FlakePhase }
  /** A derivation is being built. `done` of `expected` builds are ready; more may turn out to be needed. */
  | { readonly type: 'build'; readonly derivation: string; readonly done: number; readonly expected: number }
  /** A line that a build printed. */
  | { readonly type: 'log'; readonly derivation: string; readonly line: string }
  /** Something is being fetched. */
  | { readonly type: 'fetch'; readonly what: string };

/** `inputs` are looked at, the flake is `evaluate`d and `build`t, `check`s are run, built again to `compare`, the plank is put into the vault (`store`). */
export type FlakePhase = 'inputs' | 'lock' | 'evaluate' | 'build' | 'check' | 'compare' | 'store';

/** An error as Nix tells it. */
export interface NixMessage {
  readonly text: string;
  /** As Nix names it, which may be below the store. */
  readonly file: string | null;
  readonly line: number | null;
}

/** Lines of a build that are kept. */
const longestTail = 60;

const activity = { fetch: 101, build: 105, substitute: 108, builds: 104 } as const;
const result = { logLine: 101, progress: 105 } as const;

interface Action {
  readonly action: string;
  readonly id?: number;
  readonly level?: number;
  readonly type?: number;
  readonly text?: string;
  readonly fields?: readonly unknown[];
  readonly msg?: string;
  readonly raw_msg?: string;
  readonly file?: string | null;
  readonly line?: number | null;
}

/** Reads `--log-format internal-json`: one object a line after `@nix `, anything else as it is. */
export class NixLog {
  /** Errors, in the order of their telling: the first is the reason, the others follow from it. */
  readonly errors: NixMessage[] = [];
  /** What is not in that format, e.g. of a program that Nix runs. */
  readonly other: string[] = [];
  readonly #report: (progress: FlakeProgress) => void;
  readonly #builds = new Map<number, { readonly derivation: string; readonly tail: string[] }>();
  readonly #tails = new Map<string, string[]>();
  #all: number | null = null;
  #done = 0;
  #expected = 0;
  #rest = '';

  constructor(report: (progress: FlakeProgress) => void) {
    this.#report = report;
  }

  /** Takes what came, however it is cut into pieces. */
  feed(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  end(): void {
    if (this.#rest !== '') this.#line(this.#rest);
    this.#rest = '';
  }

  /** The last lines that a derivation (its path) printed. */
  tailOf(derivation: string): readonly string[] {
    return this.#tails.get(derivation) ?? [];
  }

  #line(line: string): void {
    const action = line.startsWith('@nix ') ? parse(line.slice('@nix '.length)) : null;
    if (action !== null) this.#take(action);
    else if (line.trim() !== '') keep(this.other, plain(line));
  }

  #take(action: Action): void {
    if (action.action === 'start') this.#start(action);
    else if (action.action === 'result') this.#result(action);
    else if (action.action === 'msg' && action.level === 0) this.#error(action);
  }

  #start({ id = -1, type, fields = [], text = '' }: Action): void {
    const [subject] = fields;
    if (type === activity.builds) this.#all = id;
    if (type === activity.build && typeof subject === 'string') {
      const tail: string[] = [];
      this.#builds.set(id, { derivation: subject, tail });
      this.#tails.set(subject, tail);
      this.#report({ type: 'build', derivation: subject, done: this.#done, expected: this.#expected });
    }
    if (type === activity.fetch || type === activity.substitute)
      this.#report({ type: 'fetch', what: typeof subject === 'string' ? subject : plain(text) });
  }

  #result({ id = -1, type, fields = [] }: Action): void {
    const build = this.#builds.get(id);
    const [first, second] = fields;
    if (
      type === result.progress &&
      id === this.#all &&
      typeof first === 'number' &&
      typeof second === 'number'
    ) {
      this.#done = first;
      this.#expected = second;
    }
    if (type !== result.logLine || build === undefined || typeof first !== 'string') return;
    const line = plain(first);
    keep(build.tail, line);
    this.#report({ type: 'log', derivation: build.derivation, line });
  }

  #error({ msg = '', raw_msg: raw, file, line }: Action): void {
    const text = plain(raw ?? msg).trim();
    if (text === '' || text.startsWith("(use '--show-trace'")) return;
    this.errors.push({ text, file: file ?? null, line: line ?? null });
  }
}

function parse(text: string): Action | null {
  try {
    const value = JSON.parse(text) as Partial<Action> | null;
    return typeof value === 'object' && typeof value?.action === 'string' ? (value as Action) : null;
  } catch {
    return null;
  }
}

function keep(lines: string[], line: string): void {
  lines.push(line);
  if (lines.length > longestTail) lines.shift();
}

/** Without colours, and without anything else that a terminal would obey: a build prints what it likes. Pure. */
export function plain(text: string): string {
  return text
    .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}
