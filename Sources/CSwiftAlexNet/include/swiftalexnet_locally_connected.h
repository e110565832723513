/* swiftalexnet_locally_connected.h: convolution with separate weights for every output position, as a function. The
 * rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_LOCALLY_CONNECTED_H
#define SWIFTALEXNET_LOCALLY_CONNECTED_H

#include "swiftalexnet_convolution.h"

/* A convolution of one group with separate weights and biases for every output position: w [oh][ow] × OIHW,
 * b [oh][ow][o]. */
int32_t sax_locally_connected2d_output_size(const sax_conv2d_shape *SAX_NONNULL shape, int64_t *SAX_NONNULL height,
                                            int64_t *SAX_NONNULL width);
int32_t sax_locally_connected2d(const sax_conv2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL x,
                                const float *SAX_NONNULL w, const float *SAX_NULLABLE b, int32_t relu, int32_t layout,
                                float *SAX_NONNULL y);
/* Any of dx, dw, db may be NULL. */
int32_t sax_locally_connected2d_backward(const sax_conv2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL dy,
                                         const float *SAX_NONNULL x, const float *SAX_NONNULL w, int32_t layout,
                                         float *SAX_NULLABLE dx, float *SAX_NULLABLE dw, float *SAX_NULLABLE db);

#endif
