"""Runs a program on a pseudo-terminal as descriptors 0, 1 and 2, and looks afterwards at what has become of it.

    outer-terminal.py leader|stranger PROGRAM…

leader: the terminal controls the program's session, as in a shell. stranger: it controls nobody's. What the terminal shows
goes to stdout. When the program ends, stderr has a line of JSON: input that nobody typed, whether the terminal still has the
session and foreground group that it had, and whether it can still be written to."""
import array, errno, fcntl, json, os, pty, select, signal, sys, termios, time

TIOCGSID = 0x5429  # Python has no name for it
controls = sys.argv[1] == "leader"
master, slave = pty.openpty()
# Every byte counts as input at once, and none is shown by the terminal itself.
modes = termios.tcgetattr(slave)
modes[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG)
termios.tcsetattr(slave, termios.TCSANOW, modes)

pid = os.fork()
if pid == 0:
    os.close(master)
    os.setsid()
    if controls:
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    if slave > 2:
        os.close(slave)
    os.execvp(sys.argv[2], sys.argv[2:])


def number(request):
    value = array.array("i", [-1])
    try:
        fcntl.ioctl(master, request, value)
    except OSError as error:
        return errno.errorcode[error.errno]
    return value[0]


end = os.pidfd_open(pid)
state = None
while True:
    ready, _, _ = select.select([master, end], [], [], 60)
    if master in ready:
        text = os.read(master, 65536)
        os.write(1, text)
        if state is None and b"before" in text:
            state = {"session": number(TIOCGSID), "foreground": number(termios.TIOCGPGRP)}
        if b"after" in text:
            # The program still runs, and its room is gone: this is what it has left of its terminal.
            typed = array.array("i", [0])
            fcntl.ioctl(slave, termios.FIONREAD, typed)
            after = {"session": number(TIOCGSID), "foreground": number(termios.TIOCGPGRP)}
            report = {"typed": typed[0], "same": state == after}
            try:
                report["alive"] = os.write(slave, b"x") == 1
            except OSError as error:
                report["alive"] = False
            os.kill(pid, signal.SIGKILL)
            break
    elif end in ready or not ready:
        report = {"error": "the program ended too early", "state": state}
        break

sys.stderr.write(json.dumps(report) + "\n")
