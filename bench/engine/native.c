// Runs and times the workloads natively: native NAME ROUNDS SAMPLES prints the checksum and the least nanoseconds.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "kernels.c"

#define EACH(X) X(crc_bitwise) X(crc_table) X(sha) X(chacha) X(quicksort) X(heapsort) X(memcpy) X(strlen) X(tree) X(hash) X(list) \
  X(interpreter) X(fib) X(format) X(arithmetic) X(atomics) X(repmovs)
static u64 now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ul + t.tv_nsec; }
int main(int argc, char **argv) {
  if (argc < 4) return 2;
  u64 (*f)(u64) = 0;
#define FIND(x) if (!strcmp(argv[1], #x)) f = bench_##x;
  EACH(FIND)
  if (!f) return 2;
  u64 rounds = strtoul(argv[2], 0, 10), best = ~0ul, sum = 0;
  for (int s = atoi(argv[3]); s > 0; s--) { u64 t = now(); sum = f(rounds); t = now() - t; if (t < best) best = t; }
  printf("%lu %lu\n", sum, best);
  return 0;
}
