import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type LaneMessage, type Sample, isSample, oneRoom, parseLaneMessage } from '../lanes/protocol.js';

/** A lane that said it cannot go on, or died; the message says why. */
export class LaneFailed extends Error {
  override readonly name = 'LaneFailed';
}

const answerTimeout = 60_000;
const closeTimeout = 5_000;

/** A lane from the side of the bench: start, ask, close. */
export class LaneProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #waiting: ((message: LaneMessage) => void) | undefined;
  #complaint = '';
  #over = false;

  private constructor(argv: readonly string[], environment: Readonly<Record<string, string>>) {
    const [program = '', ...args] = argv;
    // A session of its own, so that ^C reaches the bench only, which then ends the lanes in order.
    this.#child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, ...environment },
    });
    const ended = new Promise<void>((resolve) => {
      this.#child.once('close', () => resolve());
      this.#child.once('error', (error) => {
        this.#complaint ||= error.message;
        resolve();
      });
    });
    this.#ended = ended.then(() => {
      this.#over = true;
      this.#deliver(this.#lastWord());
    });
    this.#child.stdin?.on('error', () => undefined); // a dead lane is noticed by its end
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#complaint = (this.#complaint + chunk).slice(-4000);
    });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const message = parseLaneMessage(line);
      if (message !== undefined) this.#deliver(message);
    });
  }

  /** Resolves when the lane is ready, with what it has to remark; rejects with {@link LaneFailed}. */
  static async start(
    argv: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<{ lane: LaneProcess; note: string }> {
    const lane = new LaneProcess(argv, environment);
    try {
      const message = await lane.#next();
      if (!('ready' in message)) throw unexpected(message);
      return { lane, note: message.note ?? '' };
    } catch (error) {
      await lane.close();
      throw error;
    }
  }

  /** Asks for one room. */
  async measure(): Promise<Sample> {
    const answer = await this.ask(oneRoom);
    if (isSample(answer)) return answer;
    throw unexpected({ answer });
  }

  /** Asks for what the request says, a word or an object that is sent as JSON. Rejects with {@link LaneFailed}. */
  async ask(request: string | object): Promise<Readonly<Record<string, unknown>>> {
    const answer = this.#next();
    this.#child.stdin?.write(`${typeof request === 'string' ? request : JSON.stringify(request)}\n`);
    const message = await answer;
    if ('answer' in message) return message.answer;
    throw unexpected(message);
  }

  /** Ends the lane's stdin, which is its sign to undo everything, and kills it when it does not. Idempotent. */
  async close(): Promise<void> {
    this.#child.stdin?.end();
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), closeTimeout);
    await this.#ended;
    clearTimeout(killer);
  }

  #next(): Promise<LaneMessage> {
    return new Promise((resolve, reject) => {
      const hang = setTimeout(() => {
        this.#waiting = undefined;
        reject(new LaneFailed(`no answer for ${answerTimeout / 1000} s`));
      }, answerTimeout);
      this.#waiting = (message) => {
        clearTimeout(hang);
        resolve(message);
      };
      if (this.#over) this.#deliver(this.#lastWord());
    });
  }

  #lastWord(): LaneMessage {
    return { failed: lastLine(this.#complaint) || 'the lane ended' };
  }

  #deliver(message: LaneMessage): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(message);
  }
}

function unexpected(message: LaneMessage): LaneFailed {
  return new LaneFailed(
    'failed' in message ? message.failed : `unexpected answer: ${JSON.stringify(message)}`,
  );
}

/** The line that says what went wrong: the error of a Node program is not its last line. */
function lastLine(text: string): string {
  const lines = text.trim().split('\n');
  return lines.findLast((line) => /error|fail|cannot|denied|not /i.test(line))?.trim() ?? lines.at(-1) ?? '';
}
