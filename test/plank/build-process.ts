import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Stands for `process.stdin` in a request for another process. */
export const standardInput = '<stdin>';

interface RunOptions {
  readonly input?: Buffer;
  readonly path?: string;
  readonly mask?: string;
  readonly environment?: Record<string, string>;
  /** As a user without privileges, also when the tests run as root. */
  readonly unprivileged?: boolean;
}

/** A build in a process of its own: prints the identity, or `code message hint` on standard error. */
export function startBuild(request: object, options: RunOptions = {}) {
  const program = `
    const { buildPlank } = await import(${JSON.stringify(new URL('../../src/plank/build.js', import.meta.url).href)});
    ${options.mask === undefined ? '' : `process.umask(0o${options.mask});`}
    const request = ${JSON.stringify(request)};
    if (request.source === '${standardInput}') request.source = process.stdin;
    try {
      console.log((await buildPlank(request)).identity);
    } catch (error) {
      console.error(error.code, error.message, error.hint);
      process.exitCode = 1;
    }`;
  const nobody = options.unprivileged === true && process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  return spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env: { PATH: options.path ?? '/usr/sbin:/usr/bin:/sbin:/bin', ...options.environment },
    ...nobody,
  });
}

export async function runBuild(request: object, options: RunOptions = {}) {
  const child = startBuild(request, options);
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) =>
    stream.setEncoding('utf8').reduce((all: string, piece: string) => all + piece, ''),
  );
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: await (stdout as Promise<string>), stderr: await (stderr as Promise<string>) };
}
