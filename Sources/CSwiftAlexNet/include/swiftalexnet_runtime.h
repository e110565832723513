/* swiftalexnet_runtime.h: status, the last error, threads and the processor. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_RUNTIME_H
#define SWIFTALEXNET_RUNTIME_H

#include "swiftalexnet_types.h"

/* ---- Status ---- */

enum {
  SAX_OK = 0,
  SAX_INVALID_VALUE = 1,  /* ValueError */
  SAX_OUT_OF_MEMORY = 2,  /* MemoryError */
  SAX_UNSUPPORTED = 3,    /* UnsupportedError */
  SAX_NON_FINITE = 4,     /* NonFiniteError: nothing was changed, and no output means anything */
  SAX_CONCURRENT_USE = 5, /* ConcurrentUseError */
  SAX_INTERRUPTED = 6,    /* the host's callback answered "stop"; nothing was updated */
  SAX_INTERNAL = 7        /* a defect of the engine */
};

/* Why the last failing call on this thread failed; valid until the next failing call on this thread. */
const char *SAX_NONNULL sax_last_error(void);
void sax_set_last_error(const char *SAX_NONNULL message);

/* ---- Runtime ---- */

typedef struct {
  char version[32];
  char cpu[64];
  char instruction_set[16];  /* portable, avx2, avx512, avx512_vnni, avx512_bf16, amx */
  char available[64];        /* this CPU's, separated by spaces; no amx if SWIFTALEXNET_ISA names another */
  char gemm[16];             /* swift or openblas */
  char precisions[32];       /* of the instruction set in use: float32, bfloat16, int8 */
  char auto_precision[16];   /* bfloat16 where it is faster than float32, else float32 */
  char int8_products[16];    /* vnni, or widened where the CPU has no instructions for them */
} sax_runtime_info;

/* If OpenBLAS may multiply matrices, it is loaded to find out. Fails with SAX_UNSUPPORTED when SWIFTALEXNET_ISA or
 * SWIFTALEXNET_GEMM names something that is not available. */
int32_t sax_get_runtime_info(sax_runtime_info *SAX_NONNULL info);

/* Only the version; loads nothing. */
int32_t sax_get_version(char *SAX_NONNULL text, int64_t capacity);

/* Floating-point operations per second of all threads together, measured now in some tens of milliseconds with the
 * instructions in use: the limit that no layer exceeds. A multiply-add is two operations. */
typedef struct {
  double float32;
  double bfloat16; /* 0 if the CPU has no instructions for it */
  double int8;
} sax_fma_limits;
int32_t sax_measure_fma_limits(sax_fma_limits *SAX_NONNULL limits);

/* The same for the float32 tiles of the instruction set in use, measured in about a second: for each number of vectors
 * from 1 to SAX_TILE_VECTORS the rates for 1 to SAX_TILE_ROWS rows, 0 if there is no such tile. */
#define SAX_TILE_VECTORS 3
#define SAX_TILE_ROWS 16
int32_t sax_measure_tile_rates(double *SAX_NONNULL rates);

/* 1 … 256 threads, including the caller's. Results do not depend on the number. */
int32_t sax_set_num_threads(int64_t count);
int64_t sax_get_num_threads(void);

/* `question` is called on the calling thread, at most every 20 ms, while a call computes: 1 stops the call with
 * SAX_INTERRUPTED, 0 continues, -1 means that this thread cannot answer. NULL removes it. */
typedef int32_t (*sax_question)(void);
void sax_set_interrupt_question(sax_question SAX_NULLABLE question);

/* Allocations of tensor memory since the process started: a steady training step adds none. */
int64_t sax_allocation_count(void);
/* Test aid: the allocation after the next `count` fails, once; a negative count disarms it. */
void sax_fail_allocation_after(int64_t count);

#endif
