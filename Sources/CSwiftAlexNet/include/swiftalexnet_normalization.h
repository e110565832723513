/* swiftalexnet_normalization.h: response normalisation as a function. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_NORMALIZATION_H
#define SWIFTALEXNET_NORMALIZATION_H

#include "swiftalexnet_types.h"

typedef struct {
  int64_t batch, channels, height, width;
  int64_t size;
  float alpha, beta, k;
  int32_t alpha_over_n; /* 1: alpha / size as in Caffe, PyTorch, ONNX; 0: alpha as printed in the paper */
} sax_response_norm;

int32_t sax_local_response_norm(const sax_response_norm *SAX_NONNULL norm, const float *SAX_NONNULL x, int32_t layout,
                                float *SAX_NONNULL y);
int32_t sax_local_response_norm_backward(const sax_response_norm *SAX_NONNULL norm, const float *SAX_NONNULL dy,
                                         const float *SAX_NONNULL x, int32_t layout, float *SAX_NONNULL dx);

/* Within each map: `size` is the side of a square window that begins size / 2 before the pixel and is clipped at the
 * borders; alpha_over_n divides alpha by size². */
int32_t sax_spatial_response_norm(const sax_response_norm *SAX_NONNULL norm, const float *SAX_NONNULL x, int32_t layout,
                                  float *SAX_NONNULL y);
int32_t sax_spatial_response_norm_backward(const sax_response_norm *SAX_NONNULL norm, const float *SAX_NONNULL dy,
                                           const float *SAX_NONNULL x, int32_t layout, float *SAX_NONNULL dx);

#endif
