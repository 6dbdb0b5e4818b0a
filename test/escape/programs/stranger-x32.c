// A program for x32 without a C library: says something and ends, if it is let.
static long call(unsigned long number, long first, const void* second, long third) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(0x40000000 | number), "D"(first), "S"(second), "d"(third)
                   : "rcx", "r11", "memory");
  return result;
}

void _start(void) {
  call(1 /* write */, 1, "reached\n", 8);
  call(60 /* exit */, 0, 0, 0);
  __builtin_trap();
}
