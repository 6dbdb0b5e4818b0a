import { spawn } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';

/** A command of a conversation, and what the page says that it answers. */
interface Turn {
  readonly command: string;
  readonly answer: string;
}

/** The first fenced block of a page that begins with `opening`: lines with `$ ` are typed, the others are answers. */
export async function readConversation(page: string, opening: string): Promise<readonly Turn[]> {
  const text = await readFile(page, 'utf8');
  const block = [...text.matchAll(/^```\w*\n(.*?)^```$/gms)]
    .map(([, inner = '']) => inner)
    .find((inner) => inner.startsWith(`$ ${opening}`));
  if (block === undefined) throw new Error(`${page} has no conversation that begins with ${opening}`);
  return block.split(/^\$ /m).flatMap((turn) => {
    const [command = '', ...answer] = turn.split('\n');
    return command === '' ? [] : [{ command, answer: answer.join('\n') }];
  });
}

/**
 * Types the commands into one shell, in a directory of their own; `anchor` is `program`. Returns what it answered to each, both streams
 * together. A command that ends in `&` goes on when as many lines have come as the page has.
 */
export async function hold(
  turns: readonly Turn[],
  { program, directory, env }: { program: string; directory: string; env: NodeJS.ProcessEnv },
): Promise<readonly Turn[]> {
  const bin = join(directory, 'anchor');
  await writeFile(bin, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  await chmod(bin, 0o755);
  const shell = spawn('sh', [], {
    cwd: directory,
    env: { ...env, PATH: `${directory}:${process.env['PATH'] ?? ''}` },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  shell.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  shell.stdin.write('exec 2>&1\n');
  const held: Turn[] = [];
  try {
    for (const [number, { command, answer }] of turns.entries()) {
      const end = `-- end of ${number}\n`;
      const lines = answer.split('\n').length - 1;
      said = '';
      const behind = command.endsWith('&');
      shell.stdin.write(`${command}\n${behind ? 'behind="$behind $!"' : `echo '${end.trim()}'`}\n`);
      const over = (): boolean => (behind ? said.split('\n').length - 1 >= lines : said.endsWith(end));
      for (const until = Date.now() + 240_000; !over();) {
        if (Date.now() > until) throw new Error(`${command} did not come to its end: ${said}`);
        await sleep(10);
      }
      held.push({ command, answer: behind ? said : said.slice(0, -end.length) });
    }
  } finally {
    // What runs in the background is told, and waited for.
    shell.stdin.end('[ -z "$behind" ] || kill $behind; wait\n');
    await new Promise((resolve) => shell.once('close', resolve));
  }
  return held;
}

/** Holds a conversation of a page in a vault of its own, and compares. UPDATE_DOCS=1 writes into the page what was answered. */
export async function holdPage(
  t: ExecutionContext,
  page: string,
  opening: string,
  { program, directory }: { program: string; directory: string },
): Promise<void> {
  const vault = join(directory, 'vault');
  const turns = await readConversation(page, opening);
  const typed = turns.map(({ command, answer }) => ({
    command: command.replaceAll('/vault', vault),
    answer,
  }));
  const held = await hold(typed, { program, directory, env: { ...process.env, ANCHOR_VAULT: vault } });
  const told = held.map(({ command, answer }) => ({
    command: command.replaceAll(vault, '/vault'),
    answer: answer.replaceAll(vault, '/vault').replaceAll(directory, '/home/me'),
  }));
  if (process.env['UPDATE_DOCS'] === '1') {
    const block = (some: readonly Turn[]): string =>
      some.map(({ command, answer }) => `$ ${command}\n${answer}`).join('');
    await writeFile(
      page,
      (await readFile(page, 'utf8')).replace(block(turns), () => block(told)),
    );
  }
  t.deepEqual(withoutChance(told), withoutChance(turns));
}

/** A conversation with what is another thing each time (ids, times, numbers of processes) replaced by what it is. Pure. */
export function withoutChance(turns: readonly Turn[]): readonly Turn[] {
  return turns.map(({ command, answer }) => ({
    command,
    answer: answer
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '(id)')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '(time)')
      .replaceAll(/room \S+ \(process \d+\)/g, 'room (id)'),
  }));
}
