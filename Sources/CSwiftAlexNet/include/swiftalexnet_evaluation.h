/* swiftalexnet_evaluation.h: predictions for uint8 images, and their scores. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_EVALUATION_H
#define SWIFTALEXNET_EVALUATION_H

#include "swiftalexnet_images.h"
#include "swiftalexnet_networks.h"

/* Softmax probabilities [count][classes], averaged over 1, 2, 9, 10 or 50 views: see sax_crop_images. */
int32_t sax_network_predict_images(sax_network *SAX_NONNULL network, const sax_images *SAX_NONNULL images,
                                   const sax_preprocessing *SAX_NONNULL preprocessing, int64_t views,
                                   const sax_arithmetic *SAX_NONNULL arithmetic, float *SAX_NONNULL probabilities);

/* The same [batch][classes] from the outputs of a node, which is named, for `batch` images in `layout`. */
int32_t sax_network_predict_features(sax_network *SAX_NONNULL network, const char *SAX_NONNULL node,
                                     const float *SAX_NONNULL features, int64_t batch, int32_t layout,
                                     const sax_arithmetic *SAX_NONNULL arithmetic, float *SAX_NONNULL probabilities);

/* Dense evaluation: the dense layers slide over the feature map of whole images of any size. The preprocessing's
 * crop is the network's own input size and cuts nothing; a mean image is replaced by its channel means over that
 * crop. */

/* Rows and columns of the score map of images of `height` × `width`. SAX_INVALID_VALUE if these are too small; the
 * message gives the smallest size. SAX_UNSUPPORTED if a layer has weights for one size only. */
int32_t sax_network_score_map_size(sax_network *SAX_NONNULL network, int64_t height, int64_t width,
                                   int64_t *SAX_NONNULL rows, int64_t *SAX_NONNULL columns);
/* Logits [count][rows][columns][classes]. */
int32_t sax_network_score_map(sax_network *SAX_NONNULL network, const sax_images *SAX_NONNULL images,
                              const sax_preprocessing *SAX_NONNULL preprocessing,
                              const sax_arithmetic *SAX_NONNULL arithmetic, float *SAX_NONNULL scores);
/* Probabilities [count][classes]: the softmax of the mean over positions; with `mirror`, averaged with the mirror
 * image's. */
int32_t sax_network_predict_dense(sax_network *SAX_NONNULL network, const sax_images *SAX_NONNULL images,
                                  const sax_preprocessing *SAX_NONNULL preprocessing, int32_t mirror,
                                  const sax_arithmetic *SAX_NONNULL arithmetic, float *SAX_NONNULL probabilities);

/* Sums over rows of [rows][classes] probabilities: top-1 and top-5 credit (ties share it, as in the authors' code) and
 * −log p of the label. */
typedef struct {
  double top1_credit, top5_credit, loss;
} sax_score;
int32_t sax_score_probabilities(const float *SAX_NONNULL probabilities, const int32_t *SAX_NONNULL labels, int64_t rows,
                                int64_t classes, sax_score *SAX_NONNULL score);

#endif
