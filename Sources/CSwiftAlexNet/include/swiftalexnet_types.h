/* swiftalexnet_types.h: what every other header stands on. The rules are those of swiftalexnet.h. */
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

/* Orders of 4-D tensors. */
enum { SAX_NCHW = 0, SAX_NHWC = 1 };

#endif
