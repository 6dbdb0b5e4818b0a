// Readers of test reports. Each is fed lines and gives counts; what a person must see goes to `show`.

/** TAP as ava writes it. A report without its closing plan means that the runner died, which counts as a failure. */
export class TapReport {
  passed = 0;
  failed = 0;
  skipped = [];
  #complete = false;
  #failing = false;
  #last = [];

  constructor(show) {
    this.show = show;
  }

  line(text) {
    this.#last = [...this.#last.slice(-11), text];
    const result = /^(not ok|ok) \d+ - (.*?)(?: # (SKIP|TODO))?$/.exec(text);
    if (result !== null) this.#result(result[1] === 'ok', result[2], result[3] !== undefined);
    else if (/^1\.\.\d+$/.test(text)) this.#complete = true;
    else if (this.#failing && /^(#|\s)/.test(text)) this.show(text);
  }

  end(status) {
    if (this.#complete && (status === 0 || this.failed > 0)) return;
    this.failed += 1;
    this.show(
      `not ok - the runner ended with ${status}${this.#complete ? '' : ' before its report was complete'}`,
    );
    // ava's TAP reporter dies over a test file that hangs or exits; its default one (npx ava FILE) names the test.
    for (const text of this.#last) this.show(`| ${text}`);
  }

  #result(ok, title, skip) {
    this.#failing = !ok && !skip;
    if (skip) this.skipped.push(title);
    else if (ok) this.passed += 1;
    else {
      this.failed += 1;
      this.show(`not ok - ${title}`);
    }
  }
}

/** CTest. Lines are kept back and shown when something failed. */
export class CtestReport {
  passed = 0;
  failed = 0;
  skipped = [];
  #lines = [];
  #complete = false;

  constructor(show) {
    this.show = show;
  }

  line(text) {
    this.#lines.push(text);
    const result = /^\s*\d+\/\d+ Test\s+#\d+: (\S+) \.+\s*(\*{3}\w[\w ]*|Passed)/.exec(text);
    if (result !== null) {
      if (result[2] === 'Passed') this.passed += 1;
      else if (result[2].startsWith('***Skipped')) this.skipped.push(result[1]);
      else this.failed += 1;
    }
    if (/^\d+% tests passed/.test(text)) this.#complete = true;
  }

  end(status) {
    if (!this.#complete || (status !== 0 && this.failed === 0)) this.failed += 1;
    if (this.failed > 0) this.#lines.forEach(this.show);
  }
}

/** A program that says it all by its exit status: one test. */
export class ExitReport {
  passed = 0;
  failed = 0;
  skipped = [];
  #lines = [];

  constructor(show) {
    this.show = show;
  }

  line(text) {
    this.#lines.push(text);
  }

  end(status) {
    if (status === 0) this.passed = 1;
    else {
      this.failed = 1;
      this.#lines.forEach(this.show);
    }
  }
}

export const reports = { tap: TapReport, ctest: CtestReport, exit: ExitReport };
