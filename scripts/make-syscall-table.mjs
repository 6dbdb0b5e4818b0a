// Writes src/plan/seccomp/syscalls-x64.ts from the kernel's own header:
//   node scripts/make-syscall-table.mjs [unistd_64.h]
// A header older than the table below does not shorten it; one that is newer than both makes the table longer, and then
// every new name wants a decision: deny it in default-profile.ts, or let it be allowed.
import { readFileSync, writeFileSync } from 'node:fs';

const header = process.argv[2] ?? '/usr/include/x86_64-linux-gnu/asm/unistd_64.h';
const output = new URL('../src/plan/seccomp/syscalls-x64.ts', import.meta.url);

// What Linux 6.5 to 6.18 added (arch/x86/entry/syscalls/syscall_64.tbl); distributions ship headers years behind that.
const additions = {
  uretprobe: 335,
  uprobe: 336,
  cachestat: 451,
  fchmodat2: 452,
  map_shadow_stack: 453,
  futex_wake: 454,
  futex_wait: 455,
  futex_requeue: 456,
  statmount: 457,
  listmount: 458,
  lsm_get_self_attr: 459,
  lsm_set_self_attr: 460,
  lsm_list_modules: 461,
  mseal: 462,
  setxattrat: 463,
  getxattrat: 464,
  listxattrat: 465,
  removexattrat: 466,
  open_tree_attr: 467,
  file_getattr: 468,
  file_setattr: 469,
};

const numbers = new Map(Object.entries(additions));
for (const [, name, number] of readFileSync(header, 'utf8').matchAll(/^#define __NR_(\w+) (\d+)$/gm)) {
  const known = numbers.get(name);
  if (known !== undefined && known !== Number(number))
    throw new Error(`${name} is ${number} in ${header}, ${known} here`);
  numbers.set(name, Number(number));
}
const rows = [...numbers].sort(([, a], [, b]) => a - b);

writeFileSync(
  output,
  `// Made by scripts/make-syscall-table.mjs.

/** Every syscall of x86-64 up to Linux 6.18, by name. */
export const syscallNumbers = {
${rows.map(([name, number]) => `  ${name}: ${number},`).join('\n')}
} as const;

export type SyscallName = keyof typeof syscallNumbers;

/** What a number beyond this one does was not known when the table was made. */
export const newestSyscall = ${rows.at(-1)[1]};
`,
);
