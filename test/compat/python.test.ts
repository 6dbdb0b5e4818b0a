import test from 'ava';
import { lines } from '../helpers/room.js';
import { usePrograms } from './program-rooms.js';

const rooms = usePrograms(test);

/** Each module of the standard library that needs something of the kernel: its program, and what it prints. */
const programs: Readonly<Record<string, readonly [source: string, output: string]>> = {
  'threads, locks and queues': [
    `
import queue, threading
results, work = queue.Queue(), queue.Queue()
for number in range(100): work.put(number)
def worker():
    while True:
        try: results.put(work.get_nowait() ** 2)
        except queue.Empty: return
threads = [threading.Thread(target=worker) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sum(results.queue))`,
    '328350',
  ],
  'multiprocessing: a pool of processes': [
    `
import multiprocessing
with multiprocessing.Pool(4) as pool: print(sum(pool.map(abs, range(-100, 0))))
context = multiprocessing.get_context('spawn')
with context.Pool(2) as pool: print(pool.map(abs, [-1, -2]))`,
    '5050\n[1, 2]',
  ],
  'multiprocessing: semaphores, locks and shared memory': [
    `
import multiprocessing
from multiprocessing import shared_memory
def add(name, lock, gate):
    gate.acquire()
    memory = shared_memory.SharedMemory(name=name)
    for _ in range(25):
        with lock: memory.buf[0] += 1
    memory.close()
memory = shared_memory.SharedMemory(create=True, size=1 << 20)
lock, gate, value = multiprocessing.Lock(), multiprocessing.Semaphore(0), multiprocessing.Value('i', 5)
processes = [multiprocessing.Process(target=add, args=(memory.name, lock, gate)) for _ in range(4)]
for process in processes: process.start()
for _ in processes: gate.release()
for process in processes: process.join()
print(memory.buf[0], value.value, [process.exitcode for process in processes])
memory.close()
memory.unlink()`,
    '100 5 [0, 0, 0, 0]',
  ],
  'multiprocessing: a manager': [
    `
import multiprocessing
def put(shared, key): shared[key] = key * 2
with multiprocessing.Manager() as manager:
    shared = manager.dict()
    process = multiprocessing.Process(target=put, args=(shared, 21))
    process.start()
    process.join()
    print(shared)`,
    '{21: 42}',
  ],
  'subprocess: pipes, groups, time limits, the environment': [
    `
import os, signal, subprocess
print(subprocess.run(['tr', 'a-z', 'A-Z'], input='text', capture_output=True, text=True).stdout)
group = subprocess.Popen(['sh', '-c', 'sleep 1000 & wait'], start_new_session=True)
os.killpg(group.pid, signal.SIGTERM)
print(group.wait())
try: subprocess.run(['sleep', '1000'], timeout=0.05)
except subprocess.TimeoutExpired: print('expired')
print(subprocess.check_output('echo $A', shell=True, env={'A': 'b'}))`,
    "TEXT\n-15\nexpired\nb'b\\n'",
  ],
  'sqlite3: a database with a write-ahead log and two connections': [
    `
import sqlite3
one, two = (sqlite3.connect('/tmp/data.db') for _ in range(2))
print(one.execute('pragma journal_mode=wal').fetchone()[0])
with one: one.execute('create table items (n)')
with two: two.executemany('insert into items values (?)', ((n,) for n in range(1000)))
print(one.execute('select count(*), sum(n) from items').fetchone())`,
    'wal\n(1000, 499500)',
  ],
  'asyncio: servers on TCP and on a unix socket, processes, signals': [
    `
import asyncio, os, signal
async def echo(reader, writer):
    writer.write((await reader.readline()).upper())
    await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(echo, 'localhost', 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.start_unix_server(echo, '/tmp/socket')
    for connection in (asyncio.open_connection('localhost', port), asyncio.open_unix_connection('/tmp/socket')):
        reader, writer = await connection
        writer.write(b'hello\\n')
        print(await reader.readline())
        writer.close()
    process = await asyncio.create_subprocess_exec('cat', stdin=-1, stdout=-1)
    print(await process.communicate(b'through a process'))
    caught = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, caught.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await caught.wait()
    print('caught')
asyncio.run(main())`,
    "b'HELLO\\n'\nb'HELLO\\n'\n(b'through a process', None)\ncaught",
  ],
  'ctypes, executable memory, memfd, epoll, pty': [
    `
import ctypes, mmap, os, pty, select
print(ctypes.CDLL(None).abs(-5))
fd = os.memfd_create('memory')
os.truncate(fd, 4096)
with mmap.mmap(fd, 4096) as memory:
    memory[:4] = b'data'
    print(os.pread(fd, 4, 0))
executable = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
executable.write(bytes([0xb8, 42, 0, 0, 0, 0xc3]))
print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(executable)))())
reader, writer = os.pipe()
with select.epoll() as poll:
    poll.register(reader, select.EPOLLIN)
    os.write(writer, b'x')
    print(poll.poll() == [(reader, select.EPOLLIN)])
pid, terminal = pty.fork()
if pid == 0: os.execlp('tty', 'tty')
print(os.read(terminal, 100))`,
    "5\nb'data'\n42\nTrue\nb'/dev/pts/0\\r\\n'",
  ],
};

for (const [subject, [source, output]] of Object.entries(programs))
  for (const user of ['root', 'app'])
    test(`python3 as ${user}: ${subject}`, async (t) => {
      const { stdout, stderr, outcome } = await rooms.anchor.run(
        // From a file: processes that multiprocessing spawns import the program again.
        rooms.shell('cat > /tmp/program.py && exec python3 /tmp/program.py', { user }),
        { input: guarded(source) },
      );
      t.is(outcome.exitCode, 0, stderr);
      t.is(stdout, `${output}\n`);
      t.is(stderr, '');
    });

test('python3: modules are compiled and cached where the room can write', async (t) => {
  const output = await rooms.output(
    t,
    'cd /tmp && echo "answer = 42" > module.py && python3 -c "import module; print(module.answer)" && ls __pycache__',
  );
  const [answer, file] = lines(output);
  t.is(answer, '42');
  t.regex(file ?? '', /^module\.cpython-\d+\.pyc$/);
});

test('python3: a virtual environment', async (t) => {
  const output = await rooms.output(
    t,
    'python3 -m venv --without-pip /tmp/venv && /tmp/venv/bin/python -c "import sys; print(sys.prefix)"',
  );
  t.is(output, '/tmp/venv');
});

/** The main part of a program runs once, also where its functions are imported. */
function guarded(source: string): string {
  if (!source.includes("get_context('spawn')")) return source;
  const [head = '', ...rest] = source.trim().split('\n');
  return `${head}\nif __name__ == '__main__':\n${rest.map((line) => `    ${line}`).join('\n')}\n`;
}
