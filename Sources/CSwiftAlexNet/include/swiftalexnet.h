/* swiftalexnet.h: the C boundary of the Swift engine, and the source of truth of that boundary.
 *
 * Rules
 *   - A function that can fail returns a status; results come back through out-parameters. On failure the out-
 *     parameters hold nothing of use and sax_last_error() says, for this thread, which operation refused what.
 *   - No input ends the process. Sizes are checked before memory is asked for; memory may be refused.
 *   - Tensors are contiguous float32. `layout` says NCHW or NHWC for every 4-D tensor of a call; weights are OIHW
 *     and dense weights [out][in], in = C,H,W, unless a function says otherwise.
 *   - Images are uint8, NHWC, RGB (or as many channels as the network takes).
 *   - Strings are UTF-8 and end with a zero. Text results are written to `text` (capacity bytes, zero included).
 *   - Any thread may call. Inference on one network runs concurrently; a second training call on a network that is
 *     training fails with SAX_CONCURRENT_USE.
 */
#ifndef SWIFTALEXNET_H
#define SWIFTALEXNET_H

#include <stdint.h>

#if defined(__clang__)
#define SAX_NONNULL _Nonnull
#define SAX_NULLABLE _Nullable
#else
#define SAX_NONNULL
#define SAX_NULLABLE
#endif

/* ---- Status ---- */

enum {
  SAX_OK = 0,
  SAX_INVALID_VALUE = 1,  /* ValueError */
  SAX_OUT_OF_MEMORY = 2,  /* MemoryError */
  SAX_UNSUPPORTED = 3,    /* UnsupportedError */
  SAX_NON_FINITE = 4,     /* NonFiniteError: nothing was updated */
  SAX_CONCURRENT_USE = 5, /* ConcurrentUseError */
  SAX_INTERRUPTED = 6,    /* the host's question was answered with "stop"; nothing was updated */
  SAX_INTERNAL = 7        /* a defect of the engine */
};

/* Why the last failing call on this thread failed; valid until the next failing call on this thread. */
const char *SAX_NONNULL sax_last_error(void);
void sax_set_last_error(const char *SAX_NONNULL message);

/* ---- Runtime ---- */

enum { SAX_NCHW = 0, SAX_NHWC = 1 };

typedef struct {
  char version[32];
  char cpu[64];
  char instruction_set[16];  /* portable, avx2, avx512 */
  char available[64];        /* the instruction sets that this CPU has, separated by spaces */
  char gemm[16];             /* swift or openblas */
} sax_runtime_info;

/* Fails with SAX_UNSUPPORTED when SWIFTALEXNET_ISA or SWIFTALEXNET_GEMM asks for what is not there. */
int32_t sax_get_runtime_info(sax_runtime_info *SAX_NONNULL info);

/* 1 … 256 threads, the calling one included. Results do not depend on the number. */
int32_t sax_set_num_threads(int64_t count);
int64_t sax_get_num_threads(void);

/* `question` is asked on the calling thread, at most every 20 ms, while a call computes: 1 stops the call with
 * SAX_INTERRUPTED, 0 goes on, -1 says that this thread is not the one to ask. NULL removes it. */
typedef int32_t (*sax_question)(void);
void sax_set_interrupt_question(sax_question SAX_NULLABLE question);

/* Allocations of tensor memory since the process started: a steady training step adds none. */
int64_t sax_allocation_count(void);
/* Test aid: the allocation after the next `count` fails, once; negative turns the trap off. */
void sax_fail_allocation_after(int64_t count);

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
} sax_spec_options;

/* The specification of a variant. */
int32_t sax_spec(const char *SAX_NONNULL family, const char *SAX_NONNULL variant,
                 const sax_spec_options *SAX_NONNULL options, char *SAX_NONNULL text, int64_t capacity);

/* Names of the initialisations, separated by spaces. */
int32_t sax_initializations(char *SAX_NONNULL text, int64_t capacity);

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
/* The memory itself, valid while the network lives. Gradients and velocities come into being when first asked for or
 * first needed. */
int32_t sax_network_get_parameter_data(sax_network *SAX_NONNULL network, int64_t index, int32_t which,
                                       float *SAX_NULLABLE *SAX_NONNULL data);
/* Factors on the learning rate and on the weight decay of one parameter; both finite and ≥ 0. Rate 0 freezes it. */
int32_t sax_network_set_multipliers(sax_network *SAX_NONNULL network, int64_t index, float rate, float decay);
int32_t sax_network_get_multipliers(sax_network *SAX_NONNULL network, int64_t index, float *SAX_NONNULL rate,
                                    float *SAX_NONNULL decay);

/* ---- Computing with tensors: x is [batch] images of the network's input shape, in `layout` ---- */

/* Logits [batch][classes] (the input of `prob`). With `keep`, what backward needs is kept and the call is exclusive.
 * With `training`, dropout acts under (seed, step); it needs `keep`. */
int32_t sax_network_forward(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x, int64_t batch, int32_t layout,
                            int32_t keep, int32_t training, uint64_t seed, uint64_t step, float *SAX_NONNULL logits);

/* Outputs of named nodes, each [batch] × its shape in `layout` (a vector is [batch][channels]). Stops after the last of
 * them. conv1 is before the ReLU, relu1 after it. */
int32_t sax_network_capture(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x, int64_t batch, int32_t layout,
                            const char *SAX_NONNULL const *SAX_NONNULL names, int64_t count,
                            float *SAX_NONNULL const *SAX_NONNULL outputs);

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
} sax_step_options;

typedef struct {
  double loss;       /* mean over the batch, before the update */
  double top1_error; /* in percent, of the training forward pass */
} sax_step_result;

/* Forward, loss, backward, update: commits whole or not at all. Labels are 0 ≤ label < classes. */
int32_t sax_network_train_step(sax_network *SAX_NONNULL network, const float *SAX_NONNULL x,
                               const int32_t *SAX_NONNULL labels, int64_t batch, int32_t layout,
                               const sax_step_options *SAX_NONNULL options, sax_step_result *SAX_NONNULL result);

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
                                   float *SAX_NONNULL probabilities);

/* Dense evaluation: the dense layers slide over the feature map of whole pictures of any size. The preprocessing's crop
 * is the network's own size and does not cut; a mean image stands for its channel means over that crop. */

/* Rows and columns of the score map of pictures of `height` × `width`. SAX_INVALID_VALUE names the smallest pictures
 * where these are too small; SAX_UNSUPPORTED where a layer has weights for one size only. */
int32_t sax_network_score_map_size(sax_network *SAX_NONNULL network, int64_t height, int64_t width,
                                   int64_t *SAX_NONNULL rows, int64_t *SAX_NONNULL columns);
/* Logits [count][rows][columns][classes]. */
int32_t sax_network_score_map(sax_network *SAX_NONNULL network, const sax_images *SAX_NONNULL images,
                              const sax_preprocessing *SAX_NONNULL preprocessing, float *SAX_NONNULL scores);
/* Probabilities [count][classes]: the softmax of the mean over positions; with `mirror` averaged with the mirror image's. */
int32_t sax_network_predict_dense(sax_network *SAX_NONNULL network, const sax_images *SAX_NONNULL images,
                                  const sax_preprocessing *SAX_NONNULL preprocessing, int32_t mirror,
                                  float *SAX_NONNULL probabilities);

/* Sums over rows of [rows][classes] probabilities: top-1 and top-5 credit (ties share it, as the authors' code did) and
 * −log p of the label. */
typedef struct {
  double top1_credit, top5_credit, loss;
} sax_score;
int32_t sax_score_probabilities(const float *SAX_NONNULL probabilities, const int32_t *SAX_NONNULL labels, int64_t rows,
                                int64_t classes, sax_score *SAX_NONNULL score);

/* ---- Operators: every kernel as a function. 4-D tensors in `layout`; outputs are written whole ---- */

typedef struct {
  int64_t batch, channels, height, width; /* input */
  int64_t output_channels;
  int64_t kernel_height, kernel_width, stride_height, stride_width;
  int64_t pad_top, pad_left, pad_bottom, pad_right;
  int64_t groups;
} sax_conv2d_shape;

int32_t sax_conv2d_output_size(const sax_conv2d_shape *SAX_NONNULL shape, int64_t *SAX_NONNULL height,
                               int64_t *SAX_NONNULL width);
int32_t sax_conv2d(const sax_conv2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL x, const float *SAX_NONNULL w,
                   const float *SAX_NULLABLE b, int32_t relu, int32_t layout, float *SAX_NONNULL y);
/* Any of dx, dw, db may be NULL. */
int32_t sax_conv2d_backward(const sax_conv2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL dy,
                            const float *SAX_NONNULL x, const float *SAX_NONNULL w, int32_t layout,
                            float *SAX_NULLABLE dx, float *SAX_NULLABLE dw, float *SAX_NULLABLE db);

/* A convolution of one group with weights and biases of its own at every output position: w [oh][ow] × OIHW,
 * b [oh][ow][o]. */
int32_t sax_locally_connected2d_output_size(const sax_conv2d_shape *SAX_NONNULL shape, int64_t *SAX_NONNULL height,
                                            int64_t *SAX_NONNULL width);
int32_t sax_locally_connected2d(const sax_conv2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL x,
                                const float *SAX_NONNULL w, const float *SAX_NULLABLE b, int32_t relu, int32_t layout,
                                float *SAX_NONNULL y);
/* Any of dx, dw, db may be NULL. */
int32_t sax_locally_connected2d_backward(const sax_conv2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL dy,
                                         const float *SAX_NONNULL x, const float *SAX_NONNULL w, int32_t layout,
                                         float *SAX_NULLABLE dx, float *SAX_NULLABLE dw, float *SAX_NULLABLE db);

typedef struct {
  int64_t batch, channels, height, width;
  int64_t kernel_height, kernel_width, stride_height, stride_width;
  int64_t pad_top, pad_left, pad_bottom, pad_right;
  int32_t ceil_mode;
  int32_t count_includes_padding; /* average pooling only */
} sax_pool2d_shape;

int32_t sax_pool2d_output_size(const sax_pool2d_shape *SAX_NONNULL shape, int64_t *SAX_NONNULL height,
                               int64_t *SAX_NONNULL width);
int32_t sax_max_pool2d(const sax_pool2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL x, int32_t layout,
                       float *SAX_NONNULL y);
int32_t sax_max_pool2d_backward(const sax_pool2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL dy,
                                const float *SAX_NONNULL x, int32_t layout, float *SAX_NONNULL dx);
int32_t sax_avg_pool2d(const sax_pool2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL x, int32_t layout,
                       float *SAX_NONNULL y);
int32_t sax_avg_pool2d_backward(const sax_pool2d_shape *SAX_NONNULL shape, const float *SAX_NONNULL dy, int32_t layout,
                                float *SAX_NONNULL dx);

typedef struct {
  int64_t batch, channels, height, width;
  int64_t size;
  float alpha, beta, k;
  int32_t alpha_over_n; /* 1: alpha / size as Caffe, PyTorch, ONNX; 0: alpha as the paper prints it */
} sax_response_norm;

int32_t sax_local_response_norm(const sax_response_norm *SAX_NONNULL norm, const float *SAX_NONNULL x, int32_t layout,
                                float *SAX_NONNULL y);
int32_t sax_local_response_norm_backward(const sax_response_norm *SAX_NONNULL norm, const float *SAX_NONNULL dy,
                                         const float *SAX_NONNULL x, int32_t layout, float *SAX_NONNULL dx);

/* Within each map: `size` is the side of a square window that begins size / 2 before the pixel and is clipped at the
 * borders; alpha_over_n divides alpha by size². */
int32_t sax_spatial_response_norm(const sax_response_norm *SAX_NONNULL norm, const float *SAX_NONNULL x, int32_t layout,
                                  float *SAX_NONNULL y);
int32_t sax_spatial_response_norm_backward(const sax_response_norm *SAX_NONNULL norm, const float *SAX_NONNULL dy,
                                           const float *SAX_NONNULL x, int32_t layout, float *SAX_NONNULL dx);

int32_t sax_relu(const float *SAX_NONNULL x, int64_t count, float *SAX_NONNULL y);
int32_t sax_relu_backward(const float *SAX_NONNULL dy, const float *SAX_NONNULL x, int64_t count,
                          float *SAX_NONNULL dx);

int32_t sax_tanh(const float *SAX_NONNULL x, int64_t count, float *SAX_NONNULL y);
int32_t sax_tanh_backward(const float *SAX_NONNULL dy, const float *SAX_NONNULL x, int64_t count,
                          float *SAX_NONNULL dx);
int32_t sax_sigmoid(const float *SAX_NONNULL x, int64_t count, float *SAX_NONNULL y);
int32_t sax_sigmoid_backward(const float *SAX_NONNULL dy, const float *SAX_NONNULL x, int64_t count,
                             float *SAX_NONNULL dx);

/* x [batch][inputs], w [outputs][inputs], b [outputs] or NULL. */
int32_t sax_dense(const float *SAX_NONNULL x, const float *SAX_NONNULL w, const float *SAX_NULLABLE b, int64_t batch,
                  int64_t inputs, int64_t outputs, int32_t relu, float *SAX_NONNULL y);
int32_t sax_dense_backward(const float *SAX_NONNULL dy, const float *SAX_NONNULL x, const float *SAX_NONNULL w,
                           int64_t batch, int64_t inputs, int64_t outputs, float *SAX_NULLABLE dx,
                           float *SAX_NULLABLE dw, float *SAX_NULLABLE db);

int32_t sax_softmax(const float *SAX_NONNULL x, int64_t rows, int64_t classes, float *SAX_NONNULL y);
/* loss: mean over rows of −log softmax(x)[label]; dx (may be NULL): its gradient. */
int32_t sax_cross_entropy(const float *SAX_NONNULL x, const int32_t *SAX_NONNULL labels, int64_t rows, int64_t classes,
                          double *SAX_NONNULL loss, float *SAX_NULLABLE dx);

enum { SAX_DROPOUT_PAPER = 0, SAX_DROPOUT_INVERTED = 1 };
/* The mask depends on (seed, step, element) only: applied to dy it is the backward pass. */
int32_t sax_dropout(const float *SAX_NONNULL x, int64_t count, float probability, int32_t form, int32_t training,
                    uint64_t seed, uint64_t step, float *SAX_NONNULL y);

/* One update in place of w and v, [count] each, with gradient g. */
int32_t sax_sgd_update(float *SAX_NONNULL w, float *SAX_NONNULL v, const float *SAX_NONNULL g, int64_t count,
                       float learning_rate, float momentum, float weight_decay, int32_t rule);

#endif
