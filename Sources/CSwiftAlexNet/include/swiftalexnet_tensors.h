/* swiftalexnet_tensors.h: networks on float32 tensors, forward and backward. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_TENSORS_H
#define SWIFTALEXNET_TENSORS_H

#include "swiftalexnet_networks.h"

/* x is [batch] images of the network's input shape, in `layout`. */

/* Logits [batch][classes] (the input of `prob`). With `keep`, what backward needs is kept and the call is exclusive.
 * `training` needs `keep` and turns on dropout, drawn from (seed, step). backward computes in the kept pass's
 * arithmetic, whose int8_dense_weights is 0. */
int32_t sax_network_forward(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x, int64_t batch, int32_t layout,
                            int32_t keep, int32_t training, uint64_t seed, uint64_t step,
                            const sax_arithmetic *SAX_NONNULL arithmetic, float *SAX_NONNULL logits);

/* Channels, height and width of a node's output for images of `height` × `width` pixels. SAX_UNSUPPORTED for another
 * size than the network's if a node on the way, such as a dense layer, fits one size only. */
int32_t sax_network_get_output_shape(sax_network *SAX_NONNULL network, const char *SAX_NONNULL node, int64_t height,
                                     int64_t width, int64_t *SAX_NONNULL shape);

/* Outputs of named nodes for [batch] images of `height` × `width` pixels, each [batch] × its shape in `layout` (a vector
 * is [batch][channels]). Stops after the last one. conv1 is before the ReLU, relu1 after it. */
int32_t sax_network_capture(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x, int64_t batch,
                            int64_t height, int64_t width, int32_t layout,
                            const char *SAX_NONNULL const *SAX_NONNULL names, int64_t count,
                            const sax_arithmetic *SAX_NONNULL arithmetic,
                            float *SAX_NONNULL const *SAX_NONNULL outputs);

/* The same from `features`, the outputs of the node `after` for images of the network's own size, [batch] × its shape in
 * `layout`: what leads to them is not computed. */
int32_t sax_network_capture_features(sax_network *SAX_NONNULL network, const char *SAX_NONNULL after,
                                     const float *SAX_NONNULL features, int64_t batch, int32_t layout,
                                     const char *SAX_NONNULL const *SAX_NONNULL names, int64_t count,
                                     const sax_arithmetic *SAX_NONNULL arithmetic,
                                     float *SAX_NONNULL const *SAX_NONNULL outputs);

/* Why some output for `x`, one image, is not finite: the parameter that holds such a value, or else the first node
 * that produces one. Call it once a non-finite output has been found. */
int32_t sax_network_non_finite_cause(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x, int32_t layout,
                                     const sax_arithmetic *SAX_NONNULL arithmetic, char *SAX_NONNULL text,
                                     int64_t capacity);

/* Gradients of the last kept forward pass, given the gradient of the logits [batch][classes]. `accumulate` adds to the
 * parameters' gradients instead of replacing them. `dx` may be NULL. */
int32_t sax_network_backward(sax_network *SAX_NONNULL network, const float *SAX_NONNULL dlogits, int64_t batch,
                             int32_t layout, int32_t accumulate, float *SAX_NULLABLE dx);

#endif
