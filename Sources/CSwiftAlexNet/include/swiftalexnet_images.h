/* swiftalexnet_images.h: uint8 images: preprocessing, training and evaluation on them. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_IMAGES_H
#define SWIFTALEXNET_IMAGES_H

#include "swiftalexnet_networks.h"

/* ---- Images ---- */

enum { SAX_MEAN_NONE = 0, SAX_MEAN_CHANNELS = 1, SAX_MEAN_IMAGE = 2 };
/* The part of a mean image that is subtracted: its centre, whatever the crop and never mirrored; or what lies under the
 * crop, mirrored with it, where images are as large as the mean image (others get the centre). */
enum { SAX_MEAN_AT_CENTER = 0, SAX_MEAN_AT_CROP = 1 };

typedef struct {
  int64_t crop_height, crop_width;
  int32_t mean_kind;
  const float *SAX_NULLABLE mean; /* [channels], or [mean_height][mean_width][channels] */
  int64_t mean_height, mean_width;
  const float *SAX_NULLABLE scale; /* [channels] factors after the mean, or NULL */
  int32_t mean_position;           /* SAX_MEAN_AT_CENTER or SAX_MEAN_AT_CROP */
} sax_preprocessing;

typedef struct {
  int32_t random_crop, flip;
  float color_noise; /* standard deviation of the colour shift's coefficients; 0 is off; the paper: 0.1 */
  float eigenvectors[9]; /* row k: the k-th eigenvector in R, G, B */
  float deviations[3];   /* square roots of the eigenvalues, pixels 0 … 255 */
  int64_t chunk;         /* so many consecutive images share crop offset and flip; 1: each has its own */
  float color_divisor;   /* divides an image with colour noise; 1 is off; the authors' code: 1.1 */
  float rotation;        /* about the crop's centre, uniform in ± degrees, 0 to 180 */
  int64_t shift;         /* of the crop, uniform in ± pixels both ways; edge pixels repeat */
} sax_augmentation;

/* A batch of uint8 images [count][height][width][channels]. */
typedef struct {
  const uint8_t *SAX_NONNULL pixels;
  int64_t count, height, width, channels;
} sax_images;

/* Augmented network input [count][crop_height][crop_width][channels], as training sees it. */
int32_t sax_augment_images(const sax_images *SAX_NONNULL images, const sax_preprocessing *SAX_NONNULL preprocessing,
                           const sax_augmentation *SAX_NONNULL augmentation, uint64_t seed, uint64_t step,
                           float *SAX_NONNULL output);
/* The crops of evaluation, [count · views][crop][crop][channels]. views: 1, the centre; 9, a 3 × 3 grid; 10, corners,
 * centre and their mirrors; 50, a 5 × 5 grid and its mirrors. Any other number is refused. */
int32_t sax_crop_images(const sax_images *SAX_NONNULL images, const sax_preprocessing *SAX_NONNULL preprocessing,
                        int64_t views, float *SAX_NONNULL output);

/* One axis of a resized image: output i is the sum of `taps` weights[i][k] · input[starts[i] + k]. */
typedef struct {
  const int32_t *SAX_NONNULL starts; /* [count] */
  const float *SAX_NONNULL weights;  /* [count][taps] */
  int64_t count, taps;
} sax_axis;

/* The first image of `images` resized to [rows.count][columns.count][channels], rounded and cut to 0 … 255. Weights
 * beyond the image are refused. */
int32_t sax_resample(const sax_images *SAX_NONNULL images, const sax_axis *SAX_NONNULL rows,
                     const sax_axis *SAX_NONNULL columns, uint8_t *SAX_NONNULL output);

/* A whitening matrix [size][size], size = height · width · channels of the network's input, 4096 at most, or NULL for
 * none: images become matrix · x, x in the order height, width, channels, behind the preprocessing of
 * sax_network_train_step_images and sax_network_predict_images. The network keeps a copy. */
int32_t sax_network_set_whitening(sax_network *SAX_NONNULL network, const float *SAX_NULLABLE matrix, int64_t size);
/* The same product for preprocessed images [count][height][width][channels], a copy where there is no matrix. */
int32_t sax_network_whiten(sax_network *SAX_NONNULL network, const float *SAX_NONNULL images, int64_t count,
                           float *SAX_NONNULL output);

int32_t sax_network_train_step_images(sax_network *SAX_NONNULL network, const sax_images *SAX_NONNULL images,
                                      const int32_t *SAX_NONNULL labels,
                                      const sax_preprocessing *SAX_NONNULL preprocessing,
                                      const sax_augmentation *SAX_NONNULL augmentation,
                                      const sax_step_options *SAX_NONNULL options,
                                      sax_step_result *SAX_NONNULL result);

/* Softmax probabilities [count][classes], averaged over 1, 9, 10 or 50 views: see sax_crop_images. */
int32_t sax_network_predict_images(sax_network *SAX_NONNULL network, const sax_images *SAX_NONNULL images,
                                   const sax_preprocessing *SAX_NONNULL preprocessing, int64_t views,
                                   const sax_arithmetic *SAX_NONNULL arithmetic, float *SAX_NONNULL probabilities);

/* Dense evaluation: the dense layers slide over the feature map of whole images of any size. The preprocessing's crop
 * is the network's own size and does not cut; a mean image stands for its channel means over that crop. */

/* Rows and columns of the score map of images of `height` × `width`. SAX_INVALID_VALUE names the smallest images
 * where these are too small; SAX_UNSUPPORTED where a layer has weights for one size only. */
int32_t sax_network_score_map_size(sax_network *SAX_NONNULL network, int64_t height, int64_t width,
                                   int64_t *SAX_NONNULL rows, int64_t *SAX_NONNULL columns);
/* Logits [count][rows][columns][classes]. */
int32_t sax_network_score_map(sax_network *SAX_NONNULL network, const sax_images *SAX_NONNULL images,
                              const sax_preprocessing *SAX_NONNULL preprocessing,
                              const sax_arithmetic *SAX_NONNULL arithmetic, float *SAX_NONNULL scores);
/* Probabilities [count][classes]: the softmax of the mean over positions; with `mirror` averaged with the mirror image's. */
int32_t sax_network_predict_dense(sax_network *SAX_NONNULL network, const sax_images *SAX_NONNULL images,
                                  const sax_preprocessing *SAX_NONNULL preprocessing, int32_t mirror,
                                  const sax_arithmetic *SAX_NONNULL arithmetic, float *SAX_NONNULL probabilities);

/* Sums over rows of [rows][classes] probabilities: top-1 and top-5 credit (ties share it, as the authors' code did) and
 * −log p of the label. */
typedef struct {
  double top1_credit, top5_credit, loss;
} sax_score;
int32_t sax_score_probabilities(const float *SAX_NONNULL probabilities, const int32_t *SAX_NONNULL labels, int64_t rows,
                                int64_t classes, sax_score *SAX_NONNULL score);

#endif
