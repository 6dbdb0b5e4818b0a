"""Runs a program on a pseudo-terminal of its own: what the terminal shows goes to stdout, orders come as lines of JSON on
stdin, and the end is told on stderr as JSON: exit code, and whether the modes of the terminal are what they were."""
import fcntl, json, os, pty, select, struct, sys, termios


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


master, slave = pty.openpty()
resize(master, 100, 30)
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.close(master)
    os.login_tty(slave) if hasattr(os, "login_tty") else (
        os.setsid(), fcntl.ioctl(slave, termios.TIOCSCTTY, 0), [os.dup2(slave, fd) for fd in (0, 1, 2)])
    os.execvp(sys.argv[1], sys.argv[1:])

child = os.pidfd_open(pid)
watched = [master, child, 0]
orders = b""
gone = False
while not gone:
    ready, _, _ = select.select(watched, [], [])
    if master in ready:
        os.write(1, os.read(master, 65536))
        continue
    gone = child in ready
    if 0 in ready:
        piece = os.read(0, 65536)
        if not piece:
            watched.remove(0)
        *lines, orders = (orders + piece).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "type" in order:
                os.write(master, order["type"].encode())
            elif "size" in order:
                resize(master, *order["size"])
            elif "signal" in order:
                os.kill(pid, order["signal"])
            elif "hang-up" in order:
                os.close(slave)
                os.close(master)
                watched.remove(master)
                slave = None

code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
restored = None if slave is None else termios.tcgetattr(slave) == before
sys.stderr.write(json.dumps({"code": code, "restored": restored}))
