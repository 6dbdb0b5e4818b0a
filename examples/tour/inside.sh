#!/bin/sh
# Runs in the first room of the tour.
say() { printf '\n  %s\n' "$1"; }
show() { sed 's/^/    /'; }
refused() {
  what=$1
  shift
  if answer=$("$@" 2>&1); then
    echo "$what: ALLOWED"
  else
    first=$(echo "$answer" | head -n 1)
    echo "$what: refused (${first##*: })"
  fi
}

say 'who: id, and how its ids look from here (uid_map)'
{ id; cat /proc/self/uid_map; } | show
say 'PID 1 of the room: /proc/1/status'
grep -E '^(Name|State|PPid|Uid|CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/1/status | show
say 'this command: /proc/self/status'
grep -E '^(Name|Pid|Uid|CapEff|NoNewPrivs|Seccomp):' /proc/self/status | show
say 'the whole root: ls /'
ls / | tr '\n' ' ' | show; echo
say 'every mount: /proc/mounts'
cut -d' ' -f1-4 /proc/mounts | cut -c1-96 | show
say 'network interfaces'
ls /sys/class/net | show
say 'open files of a program'
ls -l /proc/self/fd 2>&1 | sed -n 's/.* \([0-9]* -> .*\)/\1/p' | show
say 'every process'
ps | show
say 'the environment'
env | show
say 'what is refused'
{
  refused 'mount a tmpfs' mount -t tmpfs none /tmp
  refused 'a new user namespace' unshare -U true
  refused 'a device node' mknod /tmp/disk b 8 0
  refused 'another host name' hostname elsewhere
  refused 'a look at kernel messages' dmesg
  refused 'a kernel setting' sh -c 'echo 1 > /proc/sys/kernel/panic'
  refused 'a write to /sys' sh -c 'echo 1 > /sys/kernel/mm/ksm/run'
  refused 'leaving by chroot' chroot /proc/1/root true
  refused 'a connection to the outside' nc -w 1 192.0.2.1 80
  refused 'a larger file than the room has disk' dd if=/dev/zero of=/tmp/large bs=1M count=32
} | show
echo
exit 7
