// A 32-bit program without a C library: says something and ends, if it is let.
static long call(long number, long first, const void* second, long third) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second), "d"(third) : "memory");
  return result;
}

void _start(void) {
  call(4 /* write */, 1, "reached\n", 8);
  call(1 /* exit */, 0, 0, 0);
  __builtin_trap();
}
