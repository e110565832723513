/* swiftalexnet_networks.h: networks, from specification to training step. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_NETWORKS_H
#define SWIFTALEXNET_NETWORKS_H

#include "swiftalexnet_types.h"

/* ---- Specifications: a network as a value, one node a line ---- */

/* Families are `alexnet`, `vgg` and `cifar`. Names of a family's variants, separated by spaces. */
int32_t sax_variants(const char *SAX_NONNULL family, char *SAX_NONNULL text, int64_t capacity);

typedef struct {
  char name[32];         /* within the family: paper, D, 18pct */
  char catalog_name[48]; /* among all networks: paper, vgg-D, cifar-18pct */
  char summary[160];     /* what it is, with the source */
  char initialization[32];
  int64_t classes, channels, image_size; /* what its authors had */
} sax_variant;

int32_t sax_get_variant(const char *SAX_NONNULL family, const char *SAX_NONNULL variant,
                        sax_variant *SAX_NONNULL result);

typedef struct {
  int64_t classes, channels, image_size; /* 0: the variant's own */
  const char *SAX_NULLABLE activation;   /* relu, tanh or sigmoid in the place of every ReLU; NULL: as it is */
  const char *SAX_NULLABLE without;      /* nodes to leave out, separated by spaces; a layer's activation goes with it */
  int32_t ceil_mode;                     /* sizes of pools: 1 rounded up, -1 rounded down, 0: the variant's own */
} sax_spec_options;

/* The specification of a variant. */
int32_t sax_spec(const char *SAX_NONNULL family, const char *SAX_NONNULL variant,
                 const sax_spec_options *SAX_NONNULL options, char *SAX_NONNULL text, int64_t capacity);

/* Names of the initialisations, separated by spaces. */
int32_t sax_initializations(char *SAX_NONNULL text, int64_t capacity);

/* What the authors of a network did to images, for crops of crop × crop pixels: "resize=256 crop=224 resample=area warp=0
 * mean=127.3049,… learn_mean=image mean_at=center", and "scale=…" where pixels are multiplied after the mean: three
 * numbers for three channels, one for all otherwise. learn_mean is none, image or pixel. `name` is the catalogue's; for
 * any other they are those of the 2012 paper's authors. */
int32_t sax_variant_preprocessing(const char *SAX_NONNULL name, int64_t crop, int64_t channels, char *SAX_NONNULL text,
                                  int64_t capacity);

/* Lines "their-name our-name" of a network's layers, where `framework`, torchvision or keras, has it; else nothing. */
int32_t sax_variant_layer_names(const char *SAX_NONNULL name, const char *SAX_NONNULL framework, char *SAX_NONNULL text,
                                int64_t capacity);

/* The index of the name that `name` probably means among `known`, one a line: ours for what others call a network, else
 * the one with the fewest edits; -1 if there is none, or unless `even_if_far` if it shares less than half. */
int32_t sax_nearest_name(const char *SAX_NONNULL name, const char *SAX_NONNULL known, int32_t even_if_far,
                         int64_t *SAX_NONNULL index);

/* ---- Networks ---- */

typedef struct sax_network sax_network;

/* Builds a network from a specification's text and initialises it by the named scheme (sax_initializations). The handle
 * has one owner; release it once for the creation and once for each retain. */
int32_t sax_network_create(const char *SAX_NONNULL spec, const char *SAX_NONNULL initialization, uint64_t seed,
                           sax_network *SAX_NULLABLE *SAX_NONNULL network);
void sax_network_retain(sax_network *SAX_NONNULL network);
void sax_network_release(sax_network *SAX_NULLABLE network);

int32_t sax_network_get_spec(sax_network *SAX_NONNULL network, char *SAX_NONNULL text, int64_t capacity);

typedef struct {
  char name[64];   /* Caffe's: conv1, relu1, norm1, pool1 … prob */
  char kind[32];   /* input, convolution, relu, … */
  char detail[96]; /* "11×11, stride 4, pad (0, 0, 3, 3)" */
  char input[64];  /* the node it reads; empty for the input */
  int64_t channels, height, width; /* output of one image */
  int64_t parameters;
  int64_t macs; /* multiply-accumulates of one image */
} sax_node;

int64_t sax_network_node_count(sax_network *SAX_NONNULL network);
int32_t sax_network_get_node(sax_network *SAX_NONNULL network, int64_t index, sax_node *SAX_NONNULL node);

enum { SAX_MAX_RANK = 6 };

/* A parameter in the conventional order (convolution OIHW, dense [out][in], bias [out]; locally connected [oh][ow] before
 * those of a convolution) as strides, in bytes, over the engine's own memory. */
typedef struct {
  char name[80]; /* conv1.weight */
  int64_t rank;
  int64_t shape[SAX_MAX_RANK];
  int64_t strides[SAX_MAX_RANK];
} sax_parameter;

enum { SAX_VALUE = 0, SAX_GRADIENT = 1, SAX_VELOCITY = 2 };

int64_t sax_network_parameter_count(sax_network *SAX_NONNULL network);
int32_t sax_network_get_parameter(sax_network *SAX_NONNULL network, int64_t index,
                                  sax_parameter *SAX_NONNULL parameter);
/* The memory itself, to read and write, valid while the network lives. Gradients and velocities come into being when
 * first asked for or first needed. Whoever borrows memory returns it, once: between the two the engine keeps no packed
 * copy of the values, which makes inference slower, and afterwards it takes them for changed. */
int32_t sax_network_borrow_parameter_data(sax_network *SAX_NONNULL network, int64_t index, int32_t which,
                                          float *SAX_NULLABLE *SAX_NONNULL data);
void sax_network_return_parameter_data(sax_network *SAX_NONNULL network, int64_t index, int32_t which);
/* Between the two calls nobody trains the network, or, with `writing`, uses it in any way: for parameters that are read or
 * written from outside, all as one state. A training step waits until those who read have let go, and holding waits for a
 * step that runs; a second one who writes is SAX_CONCURRENT_USE. `thread` is the caller's, which lets go once, on whatever
 * thread that happens. `operation` names it in messages. */
int32_t sax_network_hold(sax_network *SAX_NONNULL network, const char *SAX_NONNULL operation, int32_t writing,
                         uint64_t *SAX_NONNULL thread);
void sax_network_let_go(sax_network *SAX_NONNULL network, int32_t writing, uint64_t thread);
/* Factors on the learning rate and on the weight decay of one parameter; both finite and ≥ 0. Rate 0 freezes it. */
int32_t sax_network_set_multipliers(sax_network *SAX_NONNULL network, int64_t index, float rate, float decay);
int32_t sax_network_get_multipliers(sax_network *SAX_NONNULL network, int64_t index, float *SAX_NONNULL rate,
                                    float *SAX_NONNULL decay);

/* SAX_NON_FINITE, with a message that begins with `operation` and names the parameter, unless all values, or with
 * `which` SAX_VELOCITY all velocities, are finite. */
int32_t sax_network_require_finite(sax_network *SAX_NONNULL network, int32_t which, const char *SAX_NONNULL operation);

/* ---- How a network computes ---- */

enum { SAX_FLOAT32 = 0, SAX_BFLOAT16 = 1 };

/* All zero is exact float32; the flags are 0 or 1. SAX_UNSUPPORTED says what the instruction set cannot do. */
typedef struct {
  int32_t precision;          /* SAX_BFLOAT16: activations and products in bfloat16; sums, weights, logits in float32 */
  int32_t int8_dense_weights; /* inference: dense layers multiply by weights rounded to 8 bits */
  int32_t fast_math;          /* inference: float32 convolutions by transforms that are not exact on integers */
} sax_arithmetic;

/* ---- Computing with tensors: x is [batch] images of the network's input shape, in `layout` ---- */

/* Logits [batch][classes] (the input of `prob`). With `keep`, what backward needs is kept and the call is exclusive.
 * With `training`, dropout acts under (seed, step); it needs `keep`. backward computes in the kept pass's precision. */
int32_t sax_network_forward(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x, int64_t batch, int32_t layout,
                            int32_t keep, int32_t training, uint64_t seed, uint64_t step,
                            const sax_arithmetic *SAX_NONNULL arithmetic, float *SAX_NONNULL logits);

/* Outputs of named nodes, each [batch] × its shape in `layout` (a vector is [batch][channels]). Stops after the last of
 * them. conv1 is before the ReLU, relu1 after it. */
int32_t sax_network_capture(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x, int64_t batch, int32_t layout,
                            const char *SAX_NONNULL const *SAX_NONNULL names, int64_t count,
                            const sax_arithmetic *SAX_NONNULL arithmetic,
                            float *SAX_NONNULL const *SAX_NONNULL outputs);

/* Why some output for `x`, one image, is not finite: the parameter that holds such a number, or else the first node
 * that makes one. To be called when an output has been found that is not. */
int32_t sax_network_non_finite_cause(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x, int32_t layout,
                                     const sax_arithmetic *SAX_NONNULL arithmetic, char *SAX_NONNULL text,
                                     int64_t capacity);

/* Gradients of the last kept forward, for the gradient of the logits [batch][classes]. `accumulate` adds to the
 * parameters' gradients instead of replacing them. `dx` may be NULL. */
int32_t sax_network_backward(sax_network *SAX_NONNULL network, const float *SAX_NONNULL dlogits, int64_t batch,
                             int32_t layout, int32_t accumulate, float *SAX_NULLABLE dx);

enum { SAX_RULE_PAPER = 0, SAX_RULE_PYTORCH = 1, SAX_RULE_CAFFE = 2 };

typedef struct {
  float learning_rate, momentum, weight_decay;
  int32_t rule;
  uint64_t seed; /* of dropout and augmentation, together with `step` */
  uint64_t step;
  /* Of each parameter, in their order, or NULL: learning_rate and weight_decay times the parameter's factors. All finite
   * and ≥ 0; a rate of 0 leaves the parameter as it is. They are read, not kept. */
  const float *SAX_NULLABLE rates;
  const float *SAX_NULLABLE decays;
  int64_t count; /* of parameters, when there are rates or decays */
  int32_t precision; /* SAX_FLOAT32 or SAX_BFLOAT16 */
} sax_step_options;

typedef struct {
  double loss;       /* mean over the batch, before the update */
  double top1_error; /* in percent, of the training forward pass */
} sax_step_result;

/* Forward, loss, backward, update: commits whole or not at all. Labels are 0 ≤ label < classes. */
int32_t sax_network_train_step(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x,
                               const int32_t *SAX_NONNULL labels, int64_t batch, int32_t layout,
                               const sax_step_options *SAX_NONNULL options, sax_step_result *SAX_NONNULL result);

#endif
