/* swiftalexnet_linearization.h: gradients from any node to any node. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_LINEARIZATION_H
#define SWIFTALEXNET_LINEARIZATION_H

#include "swiftalexnet_tensors.h"

/* How gradients pass a ReLU: where its output is positive; there, if positive themselves; if positive themselves. */
enum { SAX_RELU_STANDARD = 0, SAX_RELU_GUIDED = 1, SAX_RELU_DECONVNET = 2 };

/* A forward pass whose activations are kept. Holds its network; release it once. */
typedef struct sax_linearization sax_linearization;

/* Computes the nodes through the last one named, for [batch] images of `height` × `width` pixels, and keeps what
 * gradients from `nodes` to `wrt` need; "data" among `wrt` is the input. */
int32_t sax_network_linearize(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x, int64_t batch,
                              int64_t height, int64_t width, int32_t layout,
                              const char *SAX_NONNULL const *SAX_NONNULL nodes, int64_t node_count,
                              const char *SAX_NONNULL const *SAX_NONNULL wrt, int64_t wrt_count,
                              const sax_arithmetic *SAX_NONNULL arithmetic,
                              sax_linearization *SAX_NULLABLE *SAX_NONNULL linearization);
void sax_linearization_release(sax_linearization *SAX_NULLABLE linearization);

/* Channels, height and width of a node's output, or of "data". */
int32_t sax_linearization_get_shape(sax_linearization *SAX_NONNULL linearization, const char *SAX_NONNULL node,
                                    int64_t *SAX_NONNULL shape);

/* The output of a node, [batch] × its shape in `layout`. */
int32_t sax_linearization_get_activation(sax_linearization *SAX_NONNULL linearization, const char *SAX_NONNULL node,
                                         int32_t layout, float *SAX_NONNULL activation);

/* Gradients of the sum of cotangents × outputs with respect to the outputs of the nodes `wrt`; all arrays are [batch] ×
 * the node's shape in `layout`. Any number of times. */
int32_t sax_linearization_vjp(sax_linearization *SAX_NONNULL linearization,
                              const char *SAX_NONNULL const *SAX_NONNULL nodes,
                              const float *SAX_NONNULL const *SAX_NONNULL cotangents, int64_t node_count,
                              const char *SAX_NONNULL const *SAX_NONNULL wrt,
                              float *SAX_NONNULL const *SAX_NONNULL gradients, int64_t wrt_count, int32_t layout,
                              int32_t relu);

#endif
