/** What became of a guest, counted by its own reports. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const result = /^(not )?ok(?: \d+)?(?: - )?(.*)$/;
const directive = / # (SKIP|TODO)\b/i;
/** Sums, which the host makes itself, and names of hooks. */
const noise = /^# (?:(?:tests|pass|fail|skip|todo) \d+$|.*(?:before|after)(?:Each)?(?:\.always)? hook)/;
const marker = /^anchor-guest: (\w+) ?(.*)$/;

/**
 * Turns what the guest says into TAP of the host: each result keeps its name with a prefix in front and gets a new
 * number, since more may follow. The guest's plan and closing comments are dropped.
 */
export class ResultRelay {
  readonly tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  /** Exit status of the suites; undefined until the guest's end marker has come. */
  exitStatus: number | undefined;
  /** Seconds from the start of the guest's kernel until the suites began. */
  bootSeconds: number | undefined;
  #rest = '';

  constructor(
    private readonly prefix: string,
    private readonly write: (line: string) => void,
  ) {}

  feed(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line.replace(/\r$/, ''));
  }

  /** A result of the host's own, with `details` as a YAML block. */
  add(ok: boolean, name: string, details: readonly string[] = []): void {
    this.#result(ok, name);
    if (details.length === 0) return;
    this.write('  ---');
    this.write('  details: |-');
    for (const line of details) this.write(`    ${line}`);
    this.write('  ...');
  }

  /** The reason follows as a comment: a title that never changes can be listed among the expected skips. */
  skip(name: string, reason: string): void {
    this.#result(true, `${name} # SKIP`);
    this.write(`# ${reason}`);
  }

  remark(text: string): void {
    this.write(`# ${text}`);
  }

  /** The guest came up as far as its suites. */
  get begun(): boolean {
    const { passed, failed, skipped } = this.tally;
    return this.bootSeconds !== undefined || passed + failed + skipped > 0;
  }

  /** Whether all went well: nothing failed, something ran, and the guest came to its regular end. */
  get good(): boolean {
    return this.exitStatus === 0 && this.tally.failed === 0 && this.tally.passed > 0;
  }

  #line(line: string): void {
    const [marked, key = '', value = ''] = marker.exec(line) ?? [];
    const [matched, not, title = ''] = result.exec(line) ?? [];
    if (marked !== undefined) this.#mark(key, value);
    else if (matched !== undefined) this.#result(not === undefined, title);
    else if (/^( {2}|#)/.test(line) && !noise.test(line)) this.write(line);
  }

  #mark(key: string, value: string): void {
    if (key === 'up') this.bootSeconds = Number(value);
    else if (key === 'end') this.exitStatus = /^\d+$/.test(value) ? Number(value) : undefined;
    else if (key === 'left') this.add(false, `the suites left ${value}`);
    else this.write(`# guest: ${key} ${value}`);
  }

  #result(ok: boolean, name: string): void {
    const skipped = directive.test(name);
    this.tally[skipped ? 'skipped' : ok ? 'passed' : 'failed'] += 1;
    const { passed, failed, skipped: left } = this.tally;
    this.write(`${ok ? 'ok' : 'not ok'} ${passed + failed + left} - ${this.prefix}${name}`);
  }
}
