import { cAddon } from '../helpers/c-program.js';

/** The C library's allocator in this process, which is that of Node, of V8 and of the package. */
export interface Allocator {
  /** Bytes that somebody has. */
  inUse(): number;
  /** Gives the kernel back what was freed and is kept for the next who asks. */
  trim(): void;
}

export async function loadAllocator(): Promise<Allocator> {
  const module = { exports: {} as Allocator };
  process.dlopen(module, await cAddon('test/soak/programs/allocator'));
  return module.exports;
}
