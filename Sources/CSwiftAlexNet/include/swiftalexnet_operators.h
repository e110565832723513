/* swiftalexnet_operators.h: every kernel as a function. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_OPERATORS_H
#define SWIFTALEXNET_OPERATORS_H

#include "swiftalexnet_types.h"

/* ---- Operators: every kernel as a function. 4-D tensors in `layout`; outputs are written whole ---- */

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

/* A convolution of one group with weights and biases of its own at every output position: w [oh][ow] × OIHW,
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

typedef struct {
  int64_t batch, channels, height, width;
  int64_t size;
  float alpha, beta, k;
  int32_t alpha_over_n; /* 1: alpha / size as Caffe, PyTorch, ONNX; 0: alpha as the paper prints it */
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

int32_t sax_relu(const float *SAX_NONNULL x, int64_t count, float *SAX_NONNULL y);
int32_t sax_relu_backward(const float *SAX_NONNULL dy, const float *SAX_NONNULL x, int64_t count,
                          float *SAX_NONNULL dx);

int32_t sax_tanh(const float *SAX_NONNULL x, int64_t count, float *SAX_NONNULL y);
int32_t sax_tanh_backward(const float *SAX_NONNULL dy, const float *SAX_NONNULL x, int64_t count,
                          float *SAX_NONNULL dx);
int32_t sax_sigmoid(const float *SAX_NONNULL x, int64_t count, float *SAX_NONNULL y);
int32_t sax_sigmoid_backward(const float *SAX_NONNULL dy, const float *SAX_NONNULL x, int64_t count,
                             float *SAX_NONNULL dx);

/* x [batch][inputs], w [outputs][inputs], b [outputs] or NULL. */
int32_t sax_dense(const float *SAX_NONNULL x, const float *SAX_NONNULL w, const float *SAX_NULLABLE b, int64_t batch,
                  int64_t inputs, int64_t outputs, int32_t relu, float *SAX_NONNULL y);
int32_t sax_dense_backward(const float *SAX_NONNULL dy, const float *SAX_NONNULL x, const float *SAX_NONNULL w,
                           int64_t batch, int64_t inputs, int64_t outputs, float *SAX_NULLABLE dx,
                           float *SAX_NULLABLE dw, float *SAX_NULLABLE db);

int32_t sax_softmax(const float *SAX_NONNULL x, int64_t rows, int64_t classes, float *SAX_NONNULL y);
/* loss: mean over rows of −log softmax(x)[label]; dx (may be NULL): its gradient. */
int32_t sax_cross_entropy(const float *SAX_NONNULL x, const int32_t *SAX_NONNULL labels, int64_t rows, int64_t classes,
                          double *SAX_NONNULL loss, float *SAX_NULLABLE dx);

enum { SAX_DROPOUT_PAPER = 0, SAX_DROPOUT_INVERTED = 1 };
/* The mask depends on (seed, step, element) only: applied to dy it is the backward pass. */
int32_t sax_dropout(const float *SAX_NONNULL x, int64_t count, float probability, int32_t form, int32_t training,
                    uint64_t seed, uint64_t step, float *SAX_NONNULL y);

/* One update in place of w and v, [count] each, with gradient g. */
int32_t sax_sgd_update(float *SAX_NONNULL w, float *SAX_NONNULL v, const float *SAX_NONNULL g, int64_t count,
                       float learning_rate, float momentum, float weight_decay, int32_t rule);

#endif
