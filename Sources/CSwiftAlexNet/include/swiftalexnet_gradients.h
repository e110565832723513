/* swiftalexnet_gradients.h: a training step in two halves, for processes that share a batch. The rules are those of
 * swiftalexnet.h. */
#ifndef SWIFTALEXNET_GRADIENTS_H
#define SWIFTALEXNET_GRADIENTS_H

#include "swiftalexnet_training.h"

/* The part of a batch that one process computes. */
typedef struct {
  int64_t first_image; /* its place in the whole batch: random numbers are drawn by it */
  /* Images of each shard of the part; a power of two of them, whose sums are added in pairs: ((0 + 1) + (2 + 3)) + … */
  const int32_t *SAX_NONNULL shards;
  int64_t shard_count;
  int32_t rounds_sums; /* 1: both numbers of every addition of two shards' sums are rounded to bfloat16 first */
  double divisor; /* of losses and gradients: the sum of the whole batch's weights, or its number of images */
  /* Images of the whole batch, if dense layers give the two factors of their gradients instead of them; 0: they do not. */
  int64_t factor_batch;
} sax_batch_share;

/* Sums over a shard. */
typedef struct {
  double loss;        /* Σ w · loss */
  double top1_errors; /* images not classified correctly, without weights; ties count in part */
} sax_shard_result;

/* The first half: forward, loss and backward. The parameters' gradients hold the part of this process. A label of -1
 * marks a row without an image, which counts for nothing. `results` has one entry per shard. */
int32_t sax_network_gradients(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x,
                              const int32_t *SAX_NONNULL labels, int64_t batch, int32_t layout,
                              const sax_step_options *SAX_NONNULL options, const sax_batch_share *SAX_NONNULL share,
                              sax_shard_result *SAX_NONNULL results);

/* The same on uint8 images, augmented under the options' seed and step. */
int32_t sax_network_gradients_images(sax_network *SAX_NONNULL network, const sax_images *SAX_NONNULL images,
                                     const int32_t *SAX_NONNULL labels,
                                     const sax_preprocessing *SAX_NONNULL preprocessing,
                                     const sax_augmentation *SAX_NONNULL augmentation,
                                     const sax_step_options *SAX_NONNULL options,
                                     const sax_batch_share *SAX_NONNULL share, sax_shard_result *SAX_NONNULL results);

/* The same on the outputs of a node, as sax_network_train_step_features. */
int32_t sax_network_gradients_features(sax_network *SAX_NONNULL network, const char *SAX_NONNULL node,
                                       const float *SAX_NONNULL features, const int32_t *SAX_NONNULL labels,
                                       int64_t batch, int32_t layout, const sax_step_options *SAX_NONNULL options,
                                       const sax_batch_share *SAX_NONNULL share,
                                       sax_shard_result *SAX_NONNULL results);

/* The factors of the last call: for each dense layer, the last first, what it reads and the gradient of its sums; a row
 * for each image of the batch. The call has written the rows of its own images, the caller writes those of the others.
 * `bytes` is that of the rows. */
int64_t sax_network_factor_row_bytes(sax_network *SAX_NONNULL network, int64_t index); /* 0: there is none */
int32_t sax_network_read_factor(sax_network *SAX_NONNULL network, int64_t index, int64_t first_image, int64_t images,
                                uint8_t *SAX_NONNULL rows, int64_t bytes);
int32_t sax_network_write_factor(sax_network *SAX_NONNULL network, int64_t index, int64_t first_image, int64_t images,
                                 const uint8_t *SAX_NONNULL rows, int64_t bytes);

/* As sax_network_finished_gradients, of factors. */
int64_t sax_network_finished_factors(sax_network *SAX_NONNULL network);

/* The gradients of the dense layers from the factors of all images, summed by all shards of the batch. */
int32_t sax_network_gradients_of_factors(sax_network *SAX_NONNULL network, const int32_t *SAX_NONNULL shards,
                                         int64_t shard_count);

/* The second half: checks the gradients and updates the weights, whole or not at all. */
int32_t sax_network_apply_gradients(sax_network *SAX_NONNULL network, const sax_step_options *SAX_NONNULL options);

/* The memory of the gradients that have been needed so far, those of the last layer first: usually one block. It lives
 * as long as the network. */
int64_t sax_network_gradient_block_count(sax_network *SAX_NONNULL network);
int32_t sax_network_get_gradient_block(sax_network *SAX_NONNULL network, int64_t index,
                                       float *SAX_NULLABLE *SAX_NONNULL data, int64_t *SAX_NONNULL count);

/* Floats of the blocks, from the first on, that the backward pass under way has finished. Any thread may call this
 * meanwhile, and read them. */
int64_t sax_network_finished_gradients(sax_network *SAX_NONNULL network);

/* Sets both counters to 0, as the next pass does when its gradients begin: before another thread begins to read them. */
void sax_network_forget_finished(sax_network *SAX_NONNULL network);

/* To bfloat16, rounded to the nearest, ties to even; and back, exactly. */
int32_t sax_narrow(const float *SAX_NONNULL values, int64_t count, uint16_t *SAX_NONNULL narrowed);
int32_t sax_widen(const uint16_t *SAX_NONNULL narrowed, int64_t count, float *SAX_NONNULL values);

#endif
