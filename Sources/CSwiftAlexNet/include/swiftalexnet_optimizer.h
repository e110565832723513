/* swiftalexnet_optimizer.h: the update of a parameter as a function. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_OPTIMIZER_H
#define SWIFTALEXNET_OPTIMIZER_H

#include "swiftalexnet_types.h"

enum { SAX_RULE_PAPER = 0, SAX_RULE_PYTORCH = 1, SAX_RULE_CAFFE = 2, SAX_RULE_LARS = 3 };

/* One in-place update of w and v, [count] each, with gradient g. trust_coefficient: η of
 * SAX_RULE_LARS, finite and above 0; other rules ignore it. */
int32_t sax_sgd_update(float *SAX_NONNULL w, float *SAX_NONNULL v, const float *SAX_NONNULL g, int64_t count,
                       float learning_rate, float momentum, float weight_decay, int32_t rule,
                       float trust_coefficient);

#endif
