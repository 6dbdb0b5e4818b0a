// Loaded before every test file: gives its process a cgroup of its own, as a service manager would. Two processes in
// one cgroup could not both hand controllers to rooms.
import { mkdirSync, writeFileSync } from 'node:fs';

const cgroup = `/sys/fs/cgroup/tests/file-${process.pid}`;
mkdirSync(cgroup);
writeFileSync(`${cgroup}/cgroup.procs`, String(process.pid));
