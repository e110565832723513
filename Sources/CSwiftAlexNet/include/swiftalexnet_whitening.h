/* swiftalexnet_whitening.h: a whitening matrix between images and network. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_WHITENING_H
#define SWIFTALEXNET_WHITENING_H

#include "swiftalexnet_networks.h"

/* A whitening matrix [size][size], size = height · width · channels of the network's input, at most 4096, or NULL for
 * none: images become matrix · x, x in the order height, width, channels, after the preprocessing of
 * sax_network_train_step_images and sax_network_predict_images. The network keeps a copy. */
int32_t sax_network_set_whitening(sax_network *SAX_NONNULL network, const float *SAX_NULLABLE matrix, int64_t size);
/* The same product for preprocessed images [count][height][width][channels]; a copy if there is no matrix. */
int32_t sax_network_whiten(sax_network *SAX_NONNULL network, const float *SAX_NONNULL images, int64_t count,
                           float *SAX_NONNULL output);

#endif
