/* swiftalexnet_quantization.h: activations in bytes. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_QUANTIZATION_H
#define SWIFTALEXNET_QUANTIZATION_H

#include "swiftalexnet_networks.h"

/* A tensor in unsigned bytes: x is about scale · (q - zero_point). */
typedef struct {
  float scale;        /* normal and > 0 */
  int32_t zero_point; /* 0 to 255 */
} sax_quantization;

/* How passes with SAX_INT8 hold activations: `count` tensors, the network's input and then every node's output, as
 * sax_network_get_node numbers them; NULL for none. Max-pooling and dropout have the bytes of their inputs, whatever is
 * given for them. Weights are rounded with one scale an output channel, their largest magnitude / 127. */
int32_t sax_network_set_quantization(sax_network *SAX_NONNULL network,
                                     const sax_quantization *SAX_NULLABLE tensors, int64_t count);
/* What was given, as many tensors as there are nodes; `is_quantized` is 0 if there are none. */
int32_t sax_network_get_quantization(sax_network *SAX_NONNULL network, sax_quantization *SAX_NONNULL tensors,
                                     int64_t count, int32_t *SAX_NONNULL is_quantized);

#endif
