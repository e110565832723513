/* swiftalexnet_perceptual.h: distances of features as functions. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_PERCEPTUAL_H
#define SWIFTALEXNET_PERCEPTUAL_H

#include "swiftalexnet_types.h"

typedef struct {
  int64_t batch, channels, height, width;
} sax_feature_maps;

/* At each pixel Σ w (x / (|x| + 1e-10) − y / (|y| + 1e-10))² over the channels. weights: [channels].
 * map (may be NULL): [batch][height][width]; mean (may be NULL): [batch], over the pixels of an image. */
int32_t sax_perceptual_distance(const sax_feature_maps *SAX_NONNULL maps, const float *SAX_NONNULL x,
                                const float *SAX_NONNULL y, const float *SAX_NONNULL weights, int32_t layout,
                                float *SAX_NULLABLE map, float *SAX_NULLABLE mean);
/* dmap: [batch][height][width]; dx: 0 at a pixel where all channels of x are 0. */
int32_t sax_perceptual_distance_backward(const sax_feature_maps *SAX_NONNULL maps, const float *SAX_NONNULL dmap,
                                         const float *SAX_NONNULL x, const float *SAX_NONNULL y,
                                         const float *SAX_NONNULL weights, int32_t layout, float *SAX_NONNULL dx);
/* y = √w x / (|x| + 1e-10), in the shape of x; weights of at least 0. */
int32_t sax_perceptual_embedding(const sax_feature_maps *SAX_NONNULL maps, const float *SAX_NONNULL x,
                                 const float *SAX_NONNULL weights, int32_t layout, float *SAX_NONNULL y);
/* Σ (x − y)² of every pair of rows, [rows][columns]; y may be NULL: x with itself, columns = rows. */
int32_t sax_squared_distances(const float *SAX_NONNULL x, int64_t rows, const float *SAX_NULLABLE y, int64_t columns,
                              int64_t length, float *SAX_NONNULL distances);

#endif
