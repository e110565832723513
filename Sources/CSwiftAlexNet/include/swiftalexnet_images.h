/* swiftalexnet_images.h: uint8 images and how they become a network's input. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_IMAGES_H
#define SWIFTALEXNET_IMAGES_H

#include "swiftalexnet_types.h"

enum { SAX_MEAN_NONE = 0, SAX_MEAN_CHANNELS = 1, SAX_MEAN_IMAGE = 2 };
/* The part of a mean image that is subtracted: its centre, whatever the crop and never mirrored; or the part under
 * the crop, mirrored with it, if images are as large as the mean image (others get the centre). */
enum { SAX_MEAN_AT_CENTER = 0, SAX_MEAN_AT_CROP = 1 };

typedef struct {
  int64_t crop_height, crop_width;
  int32_t mean_kind;
  const float *SAX_NULLABLE mean; /* [channels], or [mean_height][mean_width][channels] */
  int64_t mean_height, mean_width;
  const float *SAX_NULLABLE scale; /* [channels] factors applied after the mean, or NULL */
  int32_t mean_position;           /* SAX_MEAN_AT_CENTER or SAX_MEAN_AT_CROP */
} sax_preprocessing;

typedef struct {
  int32_t random_crop, flip;
  float color_noise; /* standard deviation of the colour shift's coefficients; 0 is off; paper: 0.1 */
  float eigenvectors[9]; /* row k: the k-th eigenvector in R, G, B */
  float deviations[3];   /* square roots of the eigenvalues, pixels 0 … 255 */
  int64_t chunk;         /* this many consecutive images share crop offset and flip; 1: each its own */
  float color_divisor;   /* divides an image with colour noise; 1 is off; authors' code: 1.1 */
  float rotation;        /* about the crop's centre, uniform in ± degrees, 0 to 180 */
  int64_t shift;         /* of the crop, uniform in ± pixels on both axes; edge pixels repeat */
} sax_augmentation;

/* A batch of uint8 images [count][height][width][channels]. */
typedef struct {
  const uint8_t *SAX_NONNULL pixels;
  int64_t count, height, width, channels;
} sax_images;

/* Augmented network input [count][crop_height][crop_width][channels], as in training. */
int32_t sax_augment_images(const sax_images *SAX_NONNULL images, const sax_preprocessing *SAX_NONNULL preprocessing,
                           const sax_augmentation *SAX_NONNULL augmentation, uint64_t seed, uint64_t step,
                           float *SAX_NONNULL output);
/* The evaluation crops, [count · views][crop][crop][channels]. views: 1, the centre; 2, the centre and its mirror; 9, a
 * 3 × 3 grid; 10, corners, centre and their mirrors; 50, a 5 × 5 grid and its mirrors. Any other number is refused. */
int32_t sax_crop_images(const sax_images *SAX_NONNULL images, const sax_preprocessing *SAX_NONNULL preprocessing,
                        int64_t views, float *SAX_NONNULL output);
/* Which view each of the `count` images of a training step is, under an augmentation without random crops, colour
 * noise, rotation and shift (others are refused): 0, the centre; 1, its mirror. */
int32_t sax_drawn_views(const sax_augmentation *SAX_NONNULL augmentation, uint64_t seed, uint64_t step, int64_t count,
                        int32_t *SAX_NONNULL views);

#endif
