// What Swift cannot express: allocations that may fail, the CPU's features, pthread objects by address.
// Header-only and without logic or state: every importing module gets its own copy of these functions.
#ifndef CSHIMS_H
#define CSHIMS_H

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <time.h>

/// Declared here for the same reason as sched_getaffinity below.
extern int madvise(void *_Nonnull memory, size_t bytes, int advice);

/// Memory aligned to `alignment` bytes (a power of two), or NULL when the system refuses. A large block requests 2 MiB
/// pages, which some systems give only on request: kernels that read hundreds of megabytes then have fewer TLB misses.
static inline void *_Nullable shim_aligned_alloc(size_t bytes, size_t alignment) {
  const size_t huge_page = (size_t)2 << 20;
  const int advise_huge_pages = 14;  // MADV_HUGEPAGE
  const bool is_large = bytes >= 4 * huge_page;
  void *memory = NULL;
  if (posix_memalign(&memory, is_large ? huge_page : alignment, bytes) != 0) return NULL;
  if (is_large) madvise(memory, bytes, advise_huge_pages);
  return memory;
}

static inline void shim_free(void *_Nullable memory) { free(memory); }

/// Addresses that read as zeros and take memory only where written, or NULL when the system refuses.
static inline void *_Nullable shim_reserve(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

static inline void shim_unreserve(void *_Nonnull memory, size_t bytes) { munmap(memory, bytes); }

/// Prefetches a cache line that will soon be read, into the L2 cache; any address is allowed.
static inline void shim_prefetch(const void *_Nonnull address) { __builtin_prefetch(address, 0, 2); }

/// The same into the L1 cache.
static inline void shim_prefetch_to_l1(const void *_Nonnull address) { __builtin_prefetch(address, 0, 3); }

/// Prefetches a cache line that will soon be written.
static inline void shim_prefetch_for_writing(const void *_Nonnull address) { __builtin_prefetch(address, 1, 3); }

/// Tells the CPU that this thread is spinning: takes some dozens of cycles.
static inline void shim_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Seconds on a monotonic clock.
static inline double shim_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// Declared here because glibc hides them behind _GNU_SOURCE, which would change the types of other headers.
extern long syscall(long number, ...);
extern int sched_getcpu(void);
extern int sched_getaffinity(int process, size_t bytes, void *_Nonnull mask);
extern int sched_setaffinity(int process, size_t bytes, const void *_Nonnull mask);

/// The number of CPUs in this process's affinity mask; 0 if the system does not say.
static inline int64_t shim_affinity_count(void) {
  uint64_t mask[64] = {0};
  if (sched_getaffinity(0, sizeof mask, mask) != 0) return 0;
  int64_t count = 0;
  for (int i = 0; i < 64; i++) count += __builtin_popcountll(mask[i]);
  return count;
}

/// Moves this thread off a CPU that it shares with the thread that waits for it: its mask omits that CPU for a moment.
/// The kernel may wake a thread where the one that woke it runs, beside an idle CPU, and leave it there for some 40 ms.
static inline void shim_leave_cpu(int cpu) {
  uint64_t allowed[64] = {0}, others[64];
  if (cpu < 0 || cpu >= 64 * 64 || sched_getcpu() != cpu) return;
  if (sched_getaffinity(0, sizeof allowed, allowed) != 0) return;
  memcpy(others, allowed, sizeof others);
  others[cpu / 64] &= ~((uint64_t)1 << cpu % 64);
  if (sched_setaffinity(0, sizeof others, others) == 0) sched_setaffinity(0, sizeof allowed, allowed);
}

#if defined(__x86_64__)
static inline bool shim_cpu_has_avx2_fma(void) { return __builtin_cpu_supports("x86-64-v3"); }
static inline bool shim_cpu_has_avx512(void) { return __builtin_cpu_supports("x86-64-v4"); }
static inline bool shim_cpu_has_avx512_vnni(void) { return __builtin_cpu_supports("avx512vnni"); }
static inline bool shim_cpu_has_avx512_bf16(void) { return __builtin_cpu_supports("avx512bf16"); }

static inline void shim_cpuid(uint32_t leaf, uint32_t *_Nonnull registers) {
  __asm__("cpuid"
          : "=a"(registers[0]), "=b"(registers[1]), "=c"(registers[2]), "=d"(registers[3])
          : "a"(leaf), "c"(0));
}

static inline bool shim_cpu_is_intel(void) { return __builtin_cpu_is("intel"); }

/// Whether the CPU has tile registers for bfloat16 and the system lets this process use them. This requests them: the
/// system enlarges the saved thread state only for a process that has requested it.
static inline bool shim_request_amx_bf16(void) {
  uint32_t registers[4];
  shim_cpuid(0, registers);
  if (registers[0] < 7) return false;
  shim_cpuid(1, registers);
  const uint32_t osxsave = 1u << 27;
  if (!(registers[2] & osxsave)) return false;
  shim_cpuid(7, registers);
  const uint32_t amx_bf16_and_tile = 1u << 22 | 1u << 24;
  if ((registers[3] & amx_bf16_and_tile) != amx_bf16_and_tile) return false;
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const uint32_t tile_state = 1u << 17 | 1u << 18;
  if ((low & tile_state) != tile_state) return false;
  const long arch_prctl = 158, request_permission = 0x1023, tile_data = 18;
  return syscall(arch_prctl, request_permission, tile_data) == 0;
}

/// The brand string of the processor, 48 characters and a terminating NUL.
static inline void shim_cpu_brand(char *_Nonnull brand) {
  uint32_t words[12] = {0};
  shim_cpuid(0x80000000u, words);
  uint32_t last = words[0];
  words[0] = 0;
  for (uint32_t i = 0; last >= 0x80000004u && i < 3; i++) shim_cpuid(0x80000002u + i, words + 4 * i);
  memcpy(brand, words, 48);
  brand[48] = 0;
}
#else
static inline bool shim_cpu_has_avx2_fma(void) { return false; }
static inline bool shim_cpu_has_avx512(void) { return false; }
static inline bool shim_cpu_has_avx512_vnni(void) { return false; }
static inline bool shim_cpu_has_avx512_bf16(void) { return false; }
static inline bool shim_cpu_is_intel(void) { return false; }
static inline bool shim_request_amx_bf16(void) { return false; }
static inline void shim_cpu_brand(char *_Nonnull brand) { brand[0] = 0; }
#endif

#endif
