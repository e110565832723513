/* swiftalexnet_resampling.h: resizing uint8 images. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_RESAMPLING_H
#define SWIFTALEXNET_RESAMPLING_H

#include "swiftalexnet_images.h"

/* One axis of a resized image: output i is the sum of `taps` weights[i][k] · input[starts[i] + k]. */
typedef struct {
  const int32_t *SAX_NONNULL starts; /* [count] */
  const float *SAX_NONNULL weights;  /* [count][taps] */
  int64_t count, taps;
} sax_axis;

/* The first image of `images` resized to [rows.count][columns.count][channels], rounded and clamped to 0 … 255. Weights
 * outside the image are refused. */
int32_t sax_resample(const sax_images *SAX_NONNULL images, const sax_axis *SAX_NONNULL rows,
                     const sax_axis *SAX_NONNULL columns, uint8_t *SAX_NONNULL output);

#endif
