/* swiftalexnet_dense.h: dense layers as a function. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_DENSE_H
#define SWIFTALEXNET_DENSE_H

#include "swiftalexnet_types.h"

/* x [batch][inputs], w [outputs][inputs], b [outputs] or NULL. */
int32_t sax_dense(const float *SAX_NONNULL x, const float *SAX_NONNULL w, const float *SAX_NULLABLE b, int64_t batch,
                  int64_t inputs, int64_t outputs, int32_t relu, float *SAX_NONNULL y);
int32_t sax_dense_backward(const float *SAX_NONNULL dy, const float *SAX_NONNULL x, const float *SAX_NONNULL w,
                           int64_t batch, int64_t inputs, int64_t outputs, float *SAX_NULLABLE dx,
                           float *SAX_NULLABLE dw, float *SAX_NULLABLE db);

/* Weights [outputs][inputs] in another order: y[i * y_stride + o] = x[o * inputs + i], y_stride >= outputs. */
int32_t sax_transpose(const float *SAX_NONNULL x, int64_t outputs, int64_t inputs, float *SAX_NONNULL y,
                      int64_t y_stride);

#endif
