/* swiftalexnet_pooling.h: pooling as a function. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_POOLING_H
#define SWIFTALEXNET_POOLING_H

#include "swiftalexnet_types.h"

typedef struct {
  int64_t batch, channels, height, width;
  int64_t kernel_height, kernel_width, stride_height, stride_width;
  int64_t pad_top, pad_left, pad_bottom, pad_right;
  int32_t ceil_mode;
  int32_t count_include_pad; /* average pooling only */
} sax_pool2d_shape;

int32_t sax_pool2d_output_size(const sax_pool2d_shape *SAX_NONNULL shape, int64_t *SAX_NONNULL height,
                               int64_t *SAX_NONNULL width);
int32_t sax_max_pool2d(const sax_pool2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL x, int32_t layout,
                       float *SAX_NONNULL y);
int32_t sax_max_pool2d_backward(const sax_pool2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL dy,
                                const float *SAX_NONNULL x, int32_t layout, float *SAX_NONNULL dx);
int32_t sax_avg_pool2d(const sax_pool2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL x, int32_t layout,
                       float *SAX_NONNULL y);
int32_t sax_avg_pool2d_backward(const sax_pool2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL dy, int32_t layout,
                                float *SAX_NONNULL dx);

#endif
