import { runProgram } from './programs.js';

/**
 * What no lane may call: system calls that load code into the kernel, change the machine, mount, or look into other
 * processes. The same list goes to the floor and bubblewrap as a BPF program and to OCI runtimes as names.
 */
export const deniedSyscalls: readonly string[] = [
  ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'kcmp', 'perf_event_open', 'userfaultfd', 'bpf'],
  ...['mount', 'umount2', 'pivot_root', 'chroot', 'open_tree', 'move_mount', 'fsopen', 'fsconfig', 'fsmount'],
  ...['fspick', 'mount_setattr', 'setns', 'unshare', 'quotactl', 'quotactl_fd', 'open_by_handle_at'],
  ...['add_key', 'request_key', 'keyctl', 'io_uring_setup', 'io_uring_enter', 'io_uring_register'],
  ...['init_module', 'finit_module', 'delete_module', 'create_module', 'get_kernel_syms', 'query_module'],
  ...['kexec_load', 'kexec_file_load', 'reboot', 'swapon', 'swapoff', 'acct', 'syslog', 'personality'],
  ...['settimeofday', 'clock_settime', 'adjtimex', 'iopl', 'ioperm', 'modify_ldt', 'vhangup'],
  ...['sethostname', 'setdomainname', 'sysfs', '_sysctl', 'uselib', 'nfsservctl'],
  ...['name_to_handle_at', 'pidfd_getfd'],
];

/** The numbers of `names` on this machine, by the C compiler's headers; names an architecture does not have are left out. */
export async function syscallNumbers(names: readonly string[]): Promise<Map<string, number>> {
  const macros = await runProgram('cc', ['-E', '-dM', '-include', 'sys/syscall.h', '-x', 'c', '/dev/null']);
  return parseSyscallNumbers(macros, names);
}

/** Reads lines like `#define __NR_mount 165`. */
export function parseSyscallNumbers(macros: string, names: readonly string[]): Map<string, number> {
  const known = new Map<string, number>();
  for (const [, name, number] of macros.matchAll(/^#define __NR_(\w+) (\d+)$/gm)) {
    known.set(name ?? '', Number(number));
  }
  const found = new Map<string, number>();
  for (const name of names) {
    const number = known.get(name);
    if (number !== undefined) found.set(name, number);
  }
  return found;
}
