/* swiftalexnet_architectures.h: the known networks as specifications. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_ARCHITECTURES_H
#define SWIFTALEXNET_ARCHITECTURES_H

#include "swiftalexnet_types.h"

/* A specification is a network as a value, one node per line. */

/* Names of a family's variants, separated by spaces. Families are `alexnet`, `vgg` and `cifar`. */
int32_t sax_variants(const char *SAX_NONNULL family, char *SAX_NONNULL text, int64_t capacity);

typedef struct {
  char name[32];         /* within the family: paper, D, 18pct */
  char catalog_name[48]; /* among all networks: paper, vgg-D, cifar-18pct */
  char summary[160];     /* what it is, with the source */
  char initialization[32];
  int64_t classes, channels, image_size; /* as its authors had them */
} sax_variant;

int32_t sax_get_variant(const char *SAX_NONNULL family, const char *SAX_NONNULL variant,
                        sax_variant *SAX_NONNULL result);

typedef struct {
  int64_t classes, channels, image_size; /* 0: the variant's default */
  const char *SAX_NULLABLE activation;   /* relu, tanh or sigmoid in place of every ReLU; NULL: keep them */
  const char *SAX_NULLABLE without;      /* nodes to remove, separated by spaces; a layer takes its activation along */
  int32_t ceil_mode;                     /* pool sizes: 1 rounds up, -1 rounds down, 0: the variant's default */
} sax_spec_options;

/* The specification of a variant. */
int32_t sax_spec(const char *SAX_NONNULL family, const char *SAX_NONNULL variant,
                 const sax_spec_options *SAX_NONNULL options, char *SAX_NONNULL text, int64_t capacity);

/* A line "channels height width" for the output of each node of a specification, without its memory. */
int32_t sax_spec_shapes(const char *SAX_NONNULL spec, char *SAX_NONNULL text, int64_t capacity);

/* Names, separated by spaces, of the nodes that read channels of several towers, where each of `towers` computes its
 * part of every feature map by channels; the last layer is always among them. */
int32_t sax_spec_crossings(const char *SAX_NONNULL spec, int64_t towers, char *SAX_NONNULL text, int64_t capacity);

/* What one tower computes between exchanges: for each segment a line "segment source=exchanged reads=0,50 channels=0,48",
 * then its specification. The source is image, exchanged (the towers' outputs of the segment before, side by side) or
 * own (this tower's); of that whole map it reads the channels `reads`, and of what it computes the tower owns `channels`:
 * ranges, their first number and the one after their last. The last layer is tower 0's alone. */
int32_t sax_spec_cut(const char *SAX_NONNULL spec, int64_t tower, int64_t towers, char *SAX_NONNULL text,
                     int64_t capacity);

/* Names of the initialisations, separated by spaces. */
int32_t sax_initializations(char *SAX_NONNULL text, int64_t capacity);

/* How the authors of a network preprocessed images, for crops of crop × crop pixels: "resize=256 crop=224 resample=area
 * warp=0 mean=127.3049,… learn_mean=image mean_at=center", and "scale=…" where pixels are multiplied after the mean is
 * subtracted: three numbers for three channels, otherwise one for all. learn_mean is none, image or pixel. `name` is a
 * name of the catalogue; any other gives what the authors of the 2012 paper did. */
int32_t sax_variant_preprocessing(const char *SAX_NONNULL name, int64_t crop, int64_t channels, char *SAX_NONNULL text,
                                  int64_t capacity);

/* Lines "their-name our-name" for a network's layers if `framework` (torchvision or keras) has it; else none. */
int32_t sax_variant_layer_names(const char *SAX_NONNULL name, const char *SAX_NONNULL framework, char *SAX_NONNULL text,
                                int64_t capacity);

/* The index of the name that `name` probably means among `known`, one per line: ours where others call a network by
 * another name, otherwise the one with the fewest edits; -1 if there is none, or if it shares less than half, unless
 * `even_if_far`. */
int32_t sax_nearest_name(const char *SAX_NONNULL name, const char *SAX_NONNULL known, int32_t even_if_far,
                         int64_t *SAX_NONNULL index);

#endif
