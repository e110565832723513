/* images.h: the arguments shared by functions on uint8 images. */
#ifndef SWIFTALEXNET_EXTENSION_IMAGES_H
#define SWIFTALEXNET_EXTENSION_IMAGES_H

#include "calls.h"

/* From a separate tuple, whose arrays stay borrowed until call_end(&p->arrays). */
typedef struct {
  call arrays;
  sax_preprocessing values;
} preprocessing;

/* `whole`: images may be smaller than the crop, which the engine compares with the network's own size. */
bool preprocessing_begin(preprocessing *p, const call *c, int index, const sax_images *images, bool whole);
bool read_augmentation(const call *c, int index, sax_augmentation *values);
sax_images images_of(const call *c, int index);

#endif
