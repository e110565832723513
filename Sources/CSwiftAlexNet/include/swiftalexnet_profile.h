/* swiftalexnet_profile.h: where a network spends its time. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_PROFILE_H
#define SWIFTALEXNET_PROFILE_H

#include "swiftalexnet_images.h"
#include "swiftalexnet_networks.h"

/* Nodes computed in one pass, or `input`, `loss`, `update`, `other`, which have no kind and only a forward part.
 * Seconds are medians; operations (additions and multiplications) and bytes are the least that must be done, except
 * that Winograd's method (fast_math) needs fewer operations than the direct sum, which are the ones counted. Backward
 * includes data and filter gradients; 0 in inference. */
typedef struct {
  char name[160]; /* "conv1 + relu1" */
  char kind[32];
  double forward_seconds, forward_operations, forward_bytes;
  double backward_seconds, backward_operations, backward_bytes;
} sax_profile_row;

typedef struct {
  double seconds;                               /* median of whole passes */
  double operations_per_second, bytes_per_second; /* what the machine allows, measured in the same run */
  int64_t rows;
} sax_profile;

/* Measures `repeats` (1 to 1000) training steps on images, or inference passes without `augmentation`. They run on a
 * twin with its own memory; the network does not change. There are at most sax_network_node_count() + 4 rows. */
int32_t sax_network_profile_images(sax_network *SAX_NONNULL network, const sax_images *SAX_NONNULL images,
                                   const sax_preprocessing *SAX_NONNULL preprocessing,
                                   const sax_augmentation *SAX_NULLABLE augmentation,
                                   const sax_arithmetic *SAX_NONNULL arithmetic, int64_t repeats,
                                   sax_profile *SAX_NONNULL result, sax_profile_row *SAX_NONNULL rows,
                                   int64_t capacity);

#endif
