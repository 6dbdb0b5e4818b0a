// Loaded before every test file: gives its process a delegated subtree of its own with the process in a leaf of it, as
// systemd does with Delegate=yes and DelegateSubgroup=anchor-main. Two processes in one cgroup could not both have rooms
// with limits.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const subtree = `/sys/fs/cgroup/tests/file-${process.pid}`;
mkdirSync(`${subtree}/anchor-main`, { recursive: true });
for (const controller of readFileSync(`${subtree}/cgroup.controllers`, 'utf8').trim().split(' ')) {
  writeFileSync(`${subtree}/cgroup.subtree_control`, `+${controller}`);
}
writeFileSync(`${subtree}/anchor-main/cgroup.procs`, String(process.pid));
