import test from 'ava';
import { until } from '../helpers/room.js';
import { usePrograms } from './program-rooms.js';

const rooms = usePrograms(test);

const programs: Readonly<Record<string, readonly [source: string, output: string]>> = {
  'worker threads that share memory': [
    `
import { Worker } from 'node:worker_threads';
const shared = new Int32Array(new SharedArrayBuffer(8));
const source = \`
  const { workerData, parentPort } = require('node:worker_threads');
  for (let i = 0; i < 1000; i++) Atomics.add(workerData, 0, 1);
  Atomics.notify(workerData, 0);
  parentPort.postMessage(process.pid);\`;
const workers = Array.from({ length: 4 }, () => new Worker(source, { eval: true, workerData: shared }));
const pids = await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
console.log(shared[0], new Set(pids).size);`,
    '4000 1',
  ],
  'child processes, with messages and with pipes': [
    `
import { execFileSync, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
writeFileSync('/tmp/child.mjs', "process.on('message', (n) => process.send(n * 2))");
const child = fork('/tmp/child.mjs');
child.send(21);
child.on('message', (answer) => {
  console.log(answer, execFileSync('tr', ['a', 'b'], { input: 'banana' }).toString());
  child.disconnect();
});`,
    '42 bbnbnb',
  ],
  'a cluster behind one port of the loopback interface': [
    `
import cluster from 'node:cluster';
import { createServer } from 'node:http';
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', async (port) => {
    for (const host of ['127.0.0.1', 'localhost']) console.log(await (await fetch(\`http://\${host}:\${port}/\`)).text());
    worker.kill();
  });
} else {
  const server = createServer((request, response) => response.end('served'));
  server.listen(0, () => process.send(server.address().port));
}`,
    'served\nserved',
  ],
  'the thread pool: files, zlib, crypto': [
    `
import { pbkdf2, randomUUID } from 'node:crypto';
import { cp, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
const directory = await mkdtemp('/tmp/files-');
await Promise.all(Array.from({ length: 100 }, (_, i) => writeFile(\`\${directory}/\${i}\`, randomUUID())));
await cp(directory, '/tmp/copy', { recursive: true });
const packed = await promisify(gzip)('text'.repeat(1000));
const keys = await Promise.all(Array.from({ length: 8 }, (_, i) => promisify(pbkdf2)('a', \`\${i}\`, 100, 8, 'sha256')));
console.log((await readdir('/tmp/copy')).length, (await promisify(gunzip)(packed)).length, new Set(keys.map(String)).size);`,
    '100 4000 8',
  ],
  'watching a file (inotify)': [
    `
import { watch, writeFileSync } from 'node:fs';
writeFileSync('/tmp/watched', '');
const watcher = watch('/tmp/watched', (event) => { console.log(event); watcher.close(); });
writeFileSync('/tmp/watched', 'changed');`,
    'change',
  ],
  'compiled code: JavaScript that gets hot, WebAssembly': [
    `
let sum = 0;
for (let i = 0; i < 5e6; i++) sum = (sum + i * i) % 1000003;
const bytes = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 6, 1, 4, 0, 65, 42, 11);
const { instance } = await WebAssembly.instantiate(bytes);
console.log(sum, instance.exports.f());`,
    `${hot()} 42`,
  ],
  'what it says of the machine': [
    `
import { cpus, homedir, hostname, networkInterfaces, userInfo } from 'node:os';
console.log(cpus().length > 0, hostname(), homedir(), userInfo().username, Object.keys(networkInterfaces()).join());`,
    'true room /root root lo',
  ],
};

for (const [subject, [source, output]] of Object.entries(programs))
  test(`node: ${subject}`, async (t) => {
    const { stdout, stderr, outcome } = await rooms.anchor.run(
      rooms.shell('cat > /tmp/program.mjs && exec node /tmp/program.mjs'),
      { input: source },
    );
    t.is(outcome.exitCode, 0, `${outcome.reason} ${stderr}`);
    t.is(stdout, `${output}\n`);
    t.is(stderr, '');
  });

test('node on a terminal: colours, size, its prompt', async (t) => {
  const room = await rooms.anchor.spawn(
    rooms.spec(['node', '-i'], {
      stdio: { pty: { columns: 90, rows: 20 } },
      env: { TERM: 'xterm-256color', HOME: '/tmp' },
    }),
  );
  t.teardown(() => room.destroy());
  let screen = '';
  room.stdout?.on('data', (chunk: Buffer) => (screen += chunk.toString()));
  await until(() => screen.includes('> '));
  // What is typed is echoed; the answer is put together by Node.
  room.stdin?.write('`is${process.stdout.columns * 10} ${process.stdout.hasColors()}`\n');
  await until(() => screen.includes('is900 true'));
  room.stdin?.write('process.exit(3)\n');
  t.is((await room.exited).exitCode, 3);
});

/** The same loop on this side. */
function hot(): number {
  let sum = 0;
  for (let i = 0; i < 5e6; i++) sum = (sum + i * i) % 1000003;
  return sum;
}
