/* swiftalexnet_convolution.h: convolution as a function. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_CONVOLUTION_H
#define SWIFTALEXNET_CONVOLUTION_H

#include "swiftalexnet_types.h"

typedef struct {
  int64_t batch, channels, height, width; /* input */
  int64_t output_channels;
  int64_t kernel_height, kernel_width, stride_height, stride_width;
  int64_t pad_top, pad_left, pad_bottom, pad_right;
  int64_t groups;
} sax_conv2d_shape;

int32_t sax_conv2d_output_size(const sax_conv2d_shape *SAX_NONNULL shape, int64_t *SAX_NONNULL height,
                               int64_t *SAX_NONNULL width);
int32_t sax_conv2d(const sax_conv2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL x, const float *SAX_NONNULL w,
                   const float *SAX_NULLABLE b, int32_t relu, int32_t layout, float *SAX_NONNULL y);
/* Any of dx, dw, db may be NULL. */
int32_t sax_conv2d_backward(const sax_conv2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL dy,
                            const float *SAX_NONNULL x, const float *SAX_NONNULL w, int32_t layout,
                            float *SAX_NULLABLE dx, float *SAX_NULLABLE dw, float *SAX_NULLABLE db);

#endif
