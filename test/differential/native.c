// Runs single instructions on the real CPU. stdin: cases; stdout: results. See native.ts for the format.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define STATE 0x50000000ul
#define DATA 0x70000000ul
#define DATA_BYTES 0x10000ul
#define WINDOW 0x70008000ul
#define WINDOW_BYTES 256
#define CODE 0x60000000ul

struct state {
  uint64_t r[16];
  uint64_t flags;
  uint64_t host_rsp;
  uint64_t code;
};
struct test {
  uint64_t ip;
  uint8_t length;
  uint8_t code[31];
  uint64_t r[16];
  uint64_t flags;
  uint8_t window[WINDOW_BYTES];
};
struct result {
  uint64_t signal;
  uint64_t r[16];
  uint8_t window[WINDOW_BYTES];
};

static struct state *const state = (struct state *)STATE;
static sigjmp_buf back;

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)info;
  (void)context;
  __asm__ volatile("pushq $2; popfq" ::: "cc", "memory");
  siglongjmp(back, number);
}

// Offsets: r[n] 8n, flags 128, host_rsp 136, code 144.
__attribute__((naked, noinline)) static void enter(void) {
  __asm__ volatile(
      "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
      "mov %rsp, 0x50000088\n"
      "pushq 0x50000080; popfq\n"
      "mov 0x50000000, %rax; mov 0x50000008, %rcx; mov 0x50000010, %rdx; mov 0x50000018, %rbx\n"
      "mov 0x50000020, %rsp; mov 0x50000028, %rbp; mov 0x50000030, %rsi; mov 0x50000038, %rdi\n"
      "mov 0x50000040, %r8; mov 0x50000048, %r9; mov 0x50000050, %r10; mov 0x50000058, %r11\n"
      "mov 0x50000060, %r12; mov 0x50000068, %r13; mov 0x50000070, %r14; mov 0x50000078, %r15\n"
      "jmp *0x50000090\n"
      ".globl leave_guest\nleave_guest:\n"
      "mov %rax, 0x50000000; mov %rcx, 0x50000008; mov %rdx, 0x50000010; mov %rbx, 0x50000018\n"
      "mov %rsp, 0x50000020; mov %rbp, 0x50000028; mov %rsi, 0x50000030; mov %rdi, 0x50000038\n"
      "mov %r8, 0x50000040; mov %r9, 0x50000048; mov %r10, 0x50000050; mov %r11, 0x50000058\n"
      "mov %r12, 0x50000060; mov %r13, 0x50000068; mov %r14, 0x50000070; mov %r15, 0x50000078\n"
      "mov 0x50000088, %rsp; cld\n"
      "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");
}
extern char leave_guest[];

static void map(unsigned long at, unsigned long size) {
  void *p = mmap((void *)at, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (p == MAP_FAILED) exit(3);
}

int main(void) {
  map(STATE, 4096);
  map(DATA, DATA_BYTES);
  map(CODE, 0x100000);
  static uint8_t signal_stack[65536];
  stack_t alternate = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
  sigaltstack(&alternate, 0);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (unsigned n = 0; n < sizeof numbers / sizeof *numbers; n++) sigaction(numbers[n], &action, 0);

  struct test t;
  struct result result;
  while (fread(&t, sizeof t, 1, stdin) == 1) {
    memset((void *)(WINDOW - 512), 0, 2048);
    memcpy((void *)WINDOW, t.window, WINDOW_BYTES);
    uint8_t *code = (uint8_t *)t.ip;
    memcpy(code, t.code, t.length);
    uint8_t jump[14] = {0xff, 0x25, 0, 0, 0, 0};
    uint64_t target = (uint64_t)leave_guest;
    memcpy(jump + 6, &target, 8);
    memcpy(code + t.length, jump, sizeof jump);
    memcpy(state->r, t.r, sizeof t.r);
    state->flags = t.flags;
    state->code = t.ip;
    int number = sigsetjmp(back, 1);
    if (number == 0) enter();
    memset(&result, 0, sizeof result);
    result.signal = number;
    memcpy(result.r, state->r, sizeof result.r);
    memcpy(result.window, (void *)WINDOW, WINDOW_BYTES);
    fwrite(&result, sizeof result, 1, stdout);
  }
  return 0;
}
