import test from 'ava';
import { lines } from '../helpers/room.js';
import { usePrograms } from './program-rooms.js';

const rooms = usePrograms(test);

const source = `
import java.net.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
public class Program {
  public static void main(String[] arguments) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    int sum = 0;
    for (Future<Integer> each : threads.invokeAll(Collections.nCopies(100, (Callable<Integer>) () -> 42))) sum += each.get();
    threads.shutdown();
    System.out.println(sum);
    System.out.print(new String(new ProcessBuilder("echo", "child").start().getInputStream().readAllBytes()));
    try (ServerSocket server = new ServerSocket(0)) {
      Socket client = new Socket("localhost", server.getLocalPort());
      server.accept().getOutputStream().write(7);
      System.out.println(client.getInputStream().read());
    }
    Path file = Files.createTempFile("java", "");
    Files.writeString(file, "text");
    byte[] garbage = null;
    for (int i = 0; i < 2000; i++) garbage = new byte[1 << 16];
    System.out.println(Files.readString(file) + garbage.length);
  }
}`;

for (const collector of ['G1', 'Z', 'Serial'])
  test(`Java compiles and runs a program, garbage collector ${collector}`, async (t) => {
    const { stdout, stderr, outcome } = await rooms.anchor.run(
      rooms.shell(
        `cat > /tmp/Program.java && exec /usr/lib/jvm/default-java/bin/java -XX:+Use${collector}GC -Xmx128m /tmp/Program.java`,
        { user: 'app' },
      ),
      { input: source },
    );
    t.is(outcome.exitCode, 0, `${outcome.reason} ${stderr}`);
    t.deepEqual(lines(stdout), ['4200', 'child', '7', 'text65536']);
    t.is(stderr, '');
  });
