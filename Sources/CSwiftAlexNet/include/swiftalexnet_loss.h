/* swiftalexnet_loss.h: softmax and the cross entropy as functions. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_LOSS_H
#define SWIFTALEXNET_LOSS_H

#include "swiftalexnet_types.h"

int32_t sax_softmax(const float *SAX_NONNULL x, int64_t rows, int64_t classes, float *SAX_NONNULL y);
/* loss: mean over rows of −log softmax(x)[label]; dx (may be NULL): its gradient. weights (may be NULL): one a row,
 * finite and ≥ 0; the mean is then Σ w·loss / Σ w, and 0 if they sum to 0. */
int32_t sax_cross_entropy(const float *SAX_NONNULL x, const int32_t *SAX_NONNULL labels, int64_t rows, int64_t classes,
                          const float *SAX_NULLABLE weights, double *SAX_NONNULL loss, float *SAX_NULLABLE dx);

#endif
