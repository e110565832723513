/* swiftalexnet_activation.h: activations and dropout as functions. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_ACTIVATION_H
#define SWIFTALEXNET_ACTIVATION_H

#include "swiftalexnet_types.h"

int32_t sax_relu(const float *SAX_NONNULL x, int64_t count, float *SAX_NONNULL y);
int32_t sax_relu_backward(const float *SAX_NONNULL dy, const float *SAX_NONNULL x, int64_t count,
                          float *SAX_NONNULL dx);

int32_t sax_tanh(const float *SAX_NONNULL x, int64_t count, float *SAX_NONNULL y);
int32_t sax_tanh_backward(const float *SAX_NONNULL dy, const float *SAX_NONNULL x, int64_t count,
                          float *SAX_NONNULL dx);
int32_t sax_sigmoid(const float *SAX_NONNULL x, int64_t count, float *SAX_NONNULL y);
int32_t sax_sigmoid_backward(const float *SAX_NONNULL dy, const float *SAX_NONNULL x, int64_t count,
                             float *SAX_NONNULL dx);

enum { SAX_DROPOUT_PAPER = 0, SAX_DROPOUT_INVERTED = 1 };
/* The mask depends on (seed, step, element) only; applied to dy, this is the backward pass. */
int32_t sax_dropout(const float *SAX_NONNULL x, int64_t count, float probability, int32_t form, int32_t training,
                    uint64_t seed, uint64_t step, float *SAX_NONNULL y);

#endif
