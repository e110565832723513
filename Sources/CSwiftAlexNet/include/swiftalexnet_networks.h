/* swiftalexnet_networks.h: networks, their nodes and parameters. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_NETWORKS_H
#define SWIFTALEXNET_NETWORKS_H

#include "swiftalexnet_types.h"

/* Builds a network from a specification's text and initialises it with the named scheme (sax_initializations). The
 * handle is reference-counted: release it once for the creation and once for each retain. */
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
  int64_t channels, height, width; /* of the output for one image */
  int64_t parameters;
  int64_t macs; /* multiply-accumulates per image */
} sax_node;

int64_t sax_network_node_count(sax_network *SAX_NONNULL network);
int32_t sax_network_get_node(sax_network *SAX_NONNULL network, int64_t index, sax_node *SAX_NONNULL node);

enum { SAX_MAX_RANK = 6 };

/* A parameter in the conventional order (convolution OIHW, dense [out][in], bias [out]; locally connected: [oh][ow],
 * then as for a convolution), given as strides in bytes over the engine's own memory. */
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
/* The memory itself, to read and write, valid while the network lives. Gradients and velocities are allocated when
 * first requested or needed. Each borrow must be returned once: in between, the engine keeps no packed copy of the
 * values, which makes inference slower; afterwards it treats them as changed. */
int32_t sax_network_borrow_parameter_data(sax_network *SAX_NONNULL network, int64_t index, int32_t which,
                                          float *SAX_NULLABLE *SAX_NONNULL data);
void sax_network_return_parameter_data(sax_network *SAX_NONNULL network, int64_t index, int32_t which);
/* Between the two calls no one can train the network or, with `writing`, use it at all: for reading or writing several
 * parameters from outside as one consistent state. A training step waits until all readers have let go, and holding
 * waits for a running step; a second writer gets SAX_CONCURRENT_USE. `thread` is the caller's; it lets go once, from
 * any thread. `operation` is the name used in messages. */
int32_t sax_network_hold(sax_network *SAX_NONNULL network, const char *SAX_NONNULL operation, int32_t writing,
                         uint64_t *SAX_NONNULL thread);
void sax_network_let_go(sax_network *SAX_NONNULL network, int32_t writing, uint64_t thread);
/* Factors on the learning rate and on the weight decay of one parameter; both finite and ≥ 0. Rate 0 freezes it. */
int32_t sax_network_set_multipliers(sax_network *SAX_NONNULL network, int64_t index, float rate, float decay);
int32_t sax_network_get_multipliers(sax_network *SAX_NONNULL network, int64_t index, float *SAX_NONNULL rate,
                                    float *SAX_NONNULL decay);

/* SAX_NON_FINITE, with a message that begins with `operation` and names the parameter, unless all values (or
 * velocities, if `which` is SAX_VELOCITY) are finite. */
int32_t sax_network_require_finite(sax_network *SAX_NONNULL network, int32_t which, const char *SAX_NONNULL operation);

#endif
