import { readArray, wrongType, wrongValue } from './field.js';
import { nearest } from './suggestion.js';

/** capabilities(7), in the order of their numbers. They count inside the room's user namespace only. */
// prettier-ignore
export const capabilityNames = [
  'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP',
  'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER',
  'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE',
  'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP',
  'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF',
  'CHECKPOINT_RESTORE',
] as const;

export type CapabilityName = (typeof capabilityNames)[number];

const numbers: ReadonlyMap<string, number> = new Map(capabilityNames.map((name, number) => [name, number]));

/** Numbers of the capabilities, ascending, each once. None where there is nothing. */
export function parseCapabilities(value: unknown, field: string): readonly number[] {
  if (value === undefined) return [];
  const found = readArray(value, field, 'an array of capability names').map((name, index) =>
    numberOf(name, `${field}[${index}]`),
  );
  return [...new Set(found)].sort((left, right) => left - right);
}

function numberOf(name: unknown, field: string): number {
  if (typeof name !== 'string') throw wrongType(field, 'the name of a capability', name);
  const number = numbers.get(name);
  if (number !== undefined) return number;
  const near = nearest(name.replace(/^cap_/i, ''), capabilityNames);
  const expected = 'the name of a capability without CAP_';
  throw wrongValue(field, near === null ? expected : `${expected} (did you mean ${near}?)`, name);
}
