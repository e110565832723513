/* swiftalexnet_training.h: training steps on tensors and on images. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_TRAINING_H
#define SWIFTALEXNET_TRAINING_H

#include "swiftalexnet_images.h"
#include "swiftalexnet_networks.h"
#include "swiftalexnet_optimizer.h"

typedef struct {
  float learning_rate, momentum, weight_decay;
  int32_t rule;
  uint64_t seed; /* for dropout and augmentation, together with `step` */
  uint64_t step;
  /* One per parameter, in their order; NULL: learning_rate and weight_decay times the parameter's factors. All finite
   * and ≥ 0; a rate of 0 leaves the parameter unchanged. They are read, not kept. */
  const float *SAX_NULLABLE rates;
  const float *SAX_NULLABLE decays;
  int64_t count; /* of parameters, if rates or decays are given */
  int32_t precision; /* SAX_FLOAT32 or SAX_BFLOAT16 */
  int32_t fast_math; /* as in sax_arithmetic */
  /* One per image of the batch, finite and ≥ 0; NULL: all count the same. The loss is Σ w·loss / Σ w, and 0 if they sum
   * to 0. They are read, not kept. */
  const float *SAX_NULLABLE sample_weights;
  int64_t sample_weight_count;
  float trust_coefficient; /* η of SAX_RULE_LARS, finite and above 0; other rules ignore it */
  int32_t plain_biases; /* 1: where the rule is SAX_RULE_LARS, biases are updated by SAX_RULE_CAFFE; else 0 */
} sax_step_options;

typedef struct {
  double loss;       /* mean over the batch by its weights, before the update */
  double top1_error; /* in percent, of the training forward pass; without weights */
} sax_step_result;

/* Forward, loss, backward, update: commits whole or not at all. Labels are 0 ≤ label < classes. */
int32_t sax_network_train_step(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x,
                               const int32_t *SAX_NONNULL labels, int64_t batch, int32_t layout,
                               const sax_step_options *SAX_NONNULL options, sax_step_result *SAX_NONNULL result);

/* The same on uint8 images, augmented under the options' seed and step. */
int32_t sax_network_train_step_images(sax_network *SAX_NONNULL network, const sax_images *SAX_NONNULL images,
                                      const int32_t *SAX_NONNULL labels,
                                      const sax_preprocessing *SAX_NONNULL preprocessing,
                                      const sax_augmentation *SAX_NONNULL augmentation,
                                      const sax_step_options *SAX_NONNULL options,
                                      sax_step_result *SAX_NONNULL result);

/* The same on the outputs of a node, which is named, for `batch` images in `layout`: what leads to them is neither
 * computed nor changed, and its parameters must have the rate 0. */
int32_t sax_network_train_step_features(sax_network *SAX_NONNULL network, const char *SAX_NONNULL node,
                                        const float *SAX_NONNULL features, const int32_t *SAX_NONNULL labels,
                                        int64_t batch, int32_t layout, const sax_step_options *SAX_NONNULL options,
                                        sax_step_result *SAX_NONNULL result);

/* An update in two calls, for networks that are parts of one: the first checks the gradients of the last backward pass
 * and the update by them and changes nothing, the second makes the update and cannot be interrupted. `options` are those
 * of a step without weights of images. Between the two the caller has the network to itself. */
int32_t sax_network_prepare_update(sax_network *SAX_NONNULL network, const sax_step_options *SAX_NONNULL options);
int32_t sax_network_commit_update(sax_network *SAX_NONNULL network);

#endif
