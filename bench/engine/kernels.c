// Small workloads of the kinds that modules run. Each is bench_NAME(n): n rounds, returns a checksum.
typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;
#define NOINLINE __attribute__((__noinline__))

static u8 buffer[65536], other[65536];
static u32 table[256];
static u32 seed = 1;
static u32 rnd(void) { seed ^= seed << 13; seed ^= seed >> 17; seed ^= seed << 5; return seed; }
static void fill(void) { seed = 1; for (u32 i = 0; i < sizeof buffer; i++) buffer[i] = rnd(); }

u64 bench_crc_bitwise(u64 n) {
  u32 c = ~0u;
  while (n--) for (u32 i = 0; i < 256; i++) { c ^= i; for (int k = 0; k < 8; k++) c = (c >> 1) ^ (c & 1 ? 0xedb88320u : 0); }
  return c;
}
u64 bench_crc_table(u64 n) {
  fill();
  for (u32 i = 0; i < 256; i++) { u32 c = i; for (int k = 0; k < 8; k++) c = (c >> 1) ^ (c & 1 ? 0xedb88320u : 0); table[i] = c; }
  u32 c = ~0u;
  while (n--) for (u32 i = 0; i < 4096; i++) c = (c >> 8) ^ table[(c ^ buffer[i]) & 255];
  return c;
}
#define ROR(x, k) ((x) >> (k) | (x) << (32 - (k)))
u64 bench_sha(u64 n) {
  u32 h[8] = {1, 2, 3, 4, 5, 6, 7, 8}, w[64];
  fill();
  while (n--) {
    for (int i = 0; i < 16; i++) w[i] = *(u32 *)(buffer + 4 * i);
    for (int i = 16; i < 64; i++) {
      u32 a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + (ROR(a, 7) ^ ROR(a, 18) ^ (a >> 3)) + w[i - 7] + (ROR(b, 17) ^ ROR(b, 19) ^ (b >> 10));
    }
    u32 a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
    for (int i = 0; i < 64; i++) {
      u32 t1 = k + (ROR(e, 6) ^ ROR(e, 11) ^ ROR(e, 25)) + ((e & f) ^ (~e & g)) + w[i];
      u32 t2 = (ROR(a, 2) ^ ROR(a, 13) ^ ROR(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      k = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += k;
  }
  return h[0] ^ h[7];
}
#define ROL(x, k) ((x) << (k) | (x) >> (32 - (k)))
#define QR(a, b, c, d) a += b, d = ROL(d ^ a, 16), c += d, b = ROL(b ^ c, 12), a += b, d = ROL(d ^ a, 8), c += d, b = ROL(b ^ c, 7)
u64 bench_chacha(u64 n) {
  u32 x[16], sum = 0;
  while (n--) {
    for (u32 i = 0; i < 16; i++) x[i] = i * 0x9e3779b9u + n;
    for (int r = 0; r < 10; r++) {
      QR(x[0], x[4], x[8], x[12]); QR(x[1], x[5], x[9], x[13]); QR(x[2], x[6], x[10], x[14]); QR(x[3], x[7], x[11], x[15]);
      QR(x[0], x[5], x[10], x[15]); QR(x[1], x[6], x[11], x[12]); QR(x[2], x[7], x[8], x[13]); QR(x[3], x[4], x[9], x[14]);
    }
    for (u32 i = 0; i < 16; i++) sum ^= x[i];
  }
  return sum;
}
static int values[1024];
static NOINLINE void quick(int *a, int lo, int hi) {
  while (lo < hi) {
    int p = a[(lo + hi) / 2], i = lo, j = hi;
    while (i <= j) { while (a[i] < p) i++; while (a[j] > p) j--; if (i <= j) { int t = a[i]; a[i++] = a[j]; a[j--] = t; } }
    quick(a, lo, j);
    lo = i;
  }
}
u64 bench_quicksort(u64 n) {
  u64 sum = 0;
  while (n--) { seed = n + 1; for (int i = 0; i < 1024; i++) values[i] = rnd(); quick(values, 0, 1023); sum += values[512]; }
  return sum;
}
static NOINLINE int compare(const void *a, const void *b) { int x = *(int *)a, y = *(int *)b; return x < y ? -1 : x > y; }
static NOINLINE void swap_bytes(void *a, void *b, int size) { u8 *x = a, *y = b; while (size--) { u8 t = *x; *x++ = *y; *y++ = t; } }
static NOINLINE void heap(void *base, u64 num, u64 size, int (*cmp)(const void *, const void *), void (*swap)(void *, void *, int)) {
  for (long i = num / 2 - 1; i >= 0; i--)
    for (u64 r = i; r * 2 + 1 < num;) {
      u64 c = r * 2 + 1;
      if (c + 1 < num && cmp(base + c * size, base + (c + 1) * size) < 0) c++;
      if (cmp(base + r * size, base + c * size) >= 0) break;
      swap(base + r * size, base + c * size, size);
      r = c;
    }
  for (u64 i = num - 1; i > 0; i--) {
    swap(base, base + i * size, size);
    for (u64 r = 0; r * 2 + 1 < i;) {
      u64 c = r * 2 + 1;
      if (c + 1 < i && cmp(base + c * size, base + (c + 1) * size) < 0) c++;
      if (cmp(base + r * size, base + c * size) >= 0) break;
      swap(base + r * size, base + c * size, size);
      r = c;
    }
  }
}
u64 bench_heapsort(u64 n) {
  u64 sum = 0;
  while (n--) { seed = n + 1; for (int i = 0; i < 1024; i++) values[i] = rnd(); heap(values, 1024, 4, compare, swap_bytes); sum += values[512]; }
  return sum;
}
u64 bench_memcpy(u64 n) {
  fill();
  while (n--) { volatile u8 *d = other; for (u32 i = 0; i < 4096; i++) d[i] = buffer[i]; }
  return other[77];
}
static NOINLINE u64 length(const u8 *s) { const u8 *p = s; while (*p) { p++; __asm__ volatile("" : "+r"(p)); } return p - s; }
u64 bench_strlen(u64 n) {
  for (u32 i = 0; i < 4095; i++) buffer[i] = 'a';
  buffer[4095] = 0;
  u64 sum = 0;
  while (n--) sum += length(buffer);
  return sum;
}
struct node { struct node *left, *right; u64 key, value; };
static struct node nodes[4096];
static u32 used;
static NOINLINE void insert(struct node **root, u64 key) {
  struct node **link = root;
  while (*link) { if ((*link)->key == key) { (*link)->value++; return; } link = key < (*link)->key ? &(*link)->left : &(*link)->right; }
  struct node *fresh = &nodes[used++];
  fresh->left = fresh->right = 0; fresh->key = key; fresh->value = 1;
  *link = fresh;
}
u64 bench_tree(u64 n) {
  u64 sum = 0;
  while (n--) { struct node *root = 0; used = 0; seed = 7; for (int i = 0; i < 4000; i++) insert(&root, rnd() % 3000); sum += nodes[5].value; }
  return sum;
}
static struct node *buckets[256];
static NOINLINE struct node *lookup(u64 key) { for (struct node *p = buckets[(key * 0x9e3779b97f4a7c15ul) >> 56]; p; p = p->left) if (p->key == key) return p; return 0; }
u64 bench_hash(u64 n) {
  for (int i = 0; i < 256; i++) buckets[i] = 0;
  for (u32 i = 0; i < 1024; i++) { struct node *p = &nodes[i]; p->key = i * 7; u64 h = (p->key * 0x9e3779b97f4a7c15ul) >> 56; p->left = buckets[h]; buckets[h] = p; p->value = i; }
  u64 sum = 0;
  while (n--) for (u32 i = 0; i < 2048; i++) { struct node *p = lookup(i * 5); if (p) sum += p->value; }
  return sum;
}
u64 bench_list(u64 n) {
  for (u32 i = 0; i < 4096; i++) { nodes[i].left = &nodes[(i * 1031 + 17) & 4095]; nodes[i].value = i; }
  u64 sum = 0;
  struct node *p = nodes;
  while (n--) for (u32 i = 0; i < 4096; i++) { sum += p->value; p = p->left; }
  return sum;
}
u64 bench_interpreter(u64 n) {
  static const u8 program[] = {0, 1, 2, 3, 1, 4, 2, 5, 3, 1, 6, 0, 2, 7};
  u64 a = 1, b = 2, c = 3;
  while (n--) for (u32 r = 0; r < 64; r++) for (u32 pc = 0; pc < sizeof program; pc++) switch (program[pc]) {
    case 0: a += b; break; case 1: b ^= c; break; case 2: c = c * 3 + a; break; case 3: a = a >> 1; break;
    case 4: b += 7; break; case 5: c -= a; break; case 6: a ^= b << 3; break; default: b = a + c; }
  return a ^ b ^ c;
}
static NOINLINE u64 fib(u64 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
u64 bench_fib(u64 n) { u64 sum = 0; while (n--) sum += fib(15); return sum; }
static NOINLINE char *number(char *p, u64 v, u32 base, int width) {
  char digits[24]; int k = 0;
  do { digits[k++] = "0123456789abcdef"[v % base]; v /= base; } while (v);
  while (k < width) digits[k++] = '0';
  while (k) *p++ = digits[--k];
  return p;
}
static NOINLINE char *put(char *p, char c) { *p++ = c; return p; }
u64 bench_format(u64 n) {
  u64 sum = 0;
  while (n--) for (u32 i = 0; i < 64; i++) {
    char text[64], *p = text;
    p = number(p, i * 12345, 10, 0); p = put(p, ':'); p = number(p, i * 0x1234567ul, 16, 8); p = put(p, 0);
    sum += text[3] + (p - text);
  }
  return sum;
}
u64 bench_arithmetic(u64 n) {
  u64 a = 12345, sum = 0;
  while (n--) for (u64 i = 1; i < 512; i++) {
    a = a * 6364136223846793005ul + i;
    sum += (u64)(((unsigned __int128)a * i) >> 64) + a / (i | 1) + __builtin_ctzl(a | 1024) + (63 - __builtin_clzl(a | 1));
  }
  return sum;
}
u64 bench_atomics(u64 n) {
  static u64 counter; static u32 word;
  counter = 0; word = 0;
  while (n--) for (u32 i = 0; i < 512; i++) {
    __atomic_fetch_add(&counter, i, 5);
    u32 old = word;
    __atomic_compare_exchange_n(&word, &old, old + 1, 0, 5, 5);
    __atomic_or_fetch(&counter, 1, 5);
  }
  return counter + word;
}
u64 bench_repmovs(u64 n) {
  fill();
  while (n--) { void *d = other, *s = buffer; u64 c = 4096; __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(c)::"memory"); }
  return other[4095];
}
