/* swiftalexnet_types.h: what every other header needs. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_TYPES_H
#define SWIFTALEXNET_TYPES_H

#include <stdint.h>

#if defined(__clang__)
#define SAX_NONNULL _Nonnull
#define SAX_NULLABLE _Nullable
#else
#define SAX_NONNULL
#define SAX_NULLABLE
#endif

/* Layouts of 4-D tensors. */
enum { SAX_NCHW = 0, SAX_NHWC = 1 };

typedef struct sax_network sax_network;

/* ---- How a network computes ---- */

enum { SAX_FLOAT32 = 0, SAX_BFLOAT16 = 1, SAX_INT8 = 2 };

/* All zero is exact float32; flags are 0 or 1. SAX_UNSUPPORTED if the instruction set cannot do it. */
typedef struct {
  int32_t precision;          /* SAX_BFLOAT16: activations and products in bfloat16; sums, weights, logits in float32.
                                 SAX_INT8: activations and weights in bytes; logits in float32; inference with a
                                 quantised network only, see sax_network_set_quantization */
  int32_t int8_dense_weights; /* inference: dense layers multiply by weights rounded to 8 bits */
  int32_t fast_math;          /* float32 convolutions by transforms that are not exact even on integers */
} sax_arithmetic;

#endif
