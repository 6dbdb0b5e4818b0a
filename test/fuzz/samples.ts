// Whole ones of what readers.ts damages.

export const squashfsBlock = Buffer.alloc(4096);
squashfsBlock.write('hsqs', 'latin1');
squashfsBlock.writeUInt32LE(10, 4);
squashfsBlock.writeUInt32LE(131_072, 12);
squashfsBlock.writeUInt16LE(1, 20);
squashfsBlock.writeUInt16LE(17, 22);
squashfsBlock.writeUInt16LE(1, 26);
squashfsBlock.writeUInt16LE(4, 28);
squashfsBlock.writeBigUInt64LE(4096n, 40);
for (const [index, offset] of [48, 56, 64, 72, 80, 88].entries())
  squashfsBlock.writeBigUInt64LE(BigInt(1000 + index * 100), offset);

/** From offset 1024 of the file on. */
export const erofsBlock = Buffer.alloc(3072);
erofsBlock.writeUInt32LE(0xe0f5e1e2, 0);
erofsBlock.writeUInt8(12, 12);
erofsBlock.writeUInt16LE(36, 14);
erofsBlock.writeUInt32LE(1, 36);

function member(name: string, type: string, data = '', link = ''): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write('0000644\x000000000\x000000000\0', 100);
  header.write(`${data.length.toString(8).padStart(11, '0')}\x0000000000000\0        `, 124);
  header.write(type, 156);
  header.write(link, 157, 100, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.alloc(Math.ceil(data.length / 512) * 512);
  body.write(data, 'latin1');
  return Buffer.concat([header, body]);
}

export const tar = Buffer.concat([
  member('comment', 'g', '17 comment=hello\n'),
  member('d', '5'),
  member('d/file', '0', 'x'.repeat(700)),
  member('././@LongLink', 'L', `${'d/'.repeat(80)}file\0`),
  member('d/d', '0', 'long'),
  member('pax', 'x', '13 path=d/e\nx'.slice(0, 12)),
  member('e', '0', ''),
  member('link', '2', '', 'd/file'),
  member('hard', '1', '', 'd/file'),
  member('null', '3'),
  member('sparse', 'S', 'data'),
  Buffer.alloc(1024),
]);

export const profile = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 1,
  archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
  flags: ['SECCOMP_FILTER_FLAG_TSYNC'],
  syscalls: [
    { names: ['read', 'write', 'chown32'], action: 'SCMP_ACT_ALLOW' },
    { names: ['ptrace'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '4.8' } },
    { names: ['kcmp'], action: 'SCMP_ACT_LOG', excludes: { caps: ['CAP_SYS_ADMIN'], arches: ['s390'] } },
    { name: 'socket', action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 40, op: 'SCMP_CMP_NE' }] },
    {
      names: ['clone'],
      action: 'SCMP_ACT_ERRNO',
      errno: 'EPERM',
      args: [
        { index: 0, value: 2_114_060_288, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' },
        { index: 1, value: '0xffffffffffffffff', op: 'SCMP_CMP_LT' },
        { index: 1, value: 7, op: 'SCMP_CMP_GE' },
      ],
    },
  ],
};

export const roomSpec = {
  plank: '/planks/a.sqsh',
  command: ['sh', '-c', 'exit'],
  cwd: '/tmp',
  env: { A: 'b', PATH: '/bin' },
  user: 'app:staff',
  hostname: 'room',
  mounts: [{ host: '/srv', at: '/srv', access: 'read' }],
  limits: { memory: '64 MiB', processes: 10, cpus: 0.5 },
  seccomp: { allow: ['ptrace'] },
};
