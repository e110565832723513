/* networks.h: the Network object and its parameters. */
#ifndef SWIFTALEXNET_EXTENSION_NETWORKS_H
#define SWIFTALEXNET_EXTENSION_NETWORKS_H

#include "calls.h"

typedef struct {
  PyObject_HEAD
  sax_network *handle;
  sax_node *nodes; /* fetched once, at creation: arrays are checked against them */
  int64_t node_count;
} network_object;

bool add_network_types(PyObject *module);

/* One parameter's memory, a new object; see SAX_VALUE etc.. */
PyObject *new_parameter(network_object *network, int64_t index, int32_t which);
bool add_parameter_type(PyObject *module);
/* A block of the memory of all gradients, likewise. */
PyObject *new_gradient_block(network_object *network, int64_t index);

/* network.hold(operation, writing): a context manager; see sax_network_hold. */
PyObject *network_hold(PyObject *network, ARGUMENTS);
bool add_hold_type(PyObject *module);
bool add_linearization_type(PyObject *module);

/* The extents of the network's input, with the given batch. */
extents network_input(const network_object *network, int64_t batch);
int64_t network_classes(const network_object *network);

/* A batch of such images as an argument. */
bool call_expects_input(const call *c, int index, const network_object *network, int64_t batch, int32_t layout);

/* The node that argument `name` names, if argument `index` holds its outputs in `layout`; NULL with an exception set. */
const sax_node *call_features(const call *c, int index, int name, const network_object *network, int32_t layout);

/* Images of any size with the network's channels. */
bool call_expects_channels(const call *c, int index, const network_object *network, int32_t layout);

/* Refuses pickle and copy, which would otherwise create an object without a network. */
PyObject *refuse_pickling(PyObject *self, PyObject *unused);

extern PyMethodDef network_tensor_methods[];     /* forward, capture, backward */
extern PyMethodDef network_linearization_methods[]; /* linearize */
extern PyMethodDef network_training_methods[];   /* train_step, train_step_images, … */
extern PyMethodDef network_gradient_methods[];   /* gradients, apply_gradients, … */
extern PyMethodDef network_factor_methods[];     /* factors, read_factor, … */
extern PyMethodDef network_evaluation_methods[]; /* predict_images, predict_features, predict_dense, score_map */
extern PyMethodDef network_whitening_methods[];  /* set_whitening, whiten */
extern PyMethodDef network_quantization_methods[]; /* set_quantization, quantization */
extern PyMethodDef network_memory_methods[];     /* memory, release_memory */
extern PyMethodDef network_profile_methods[];    /* profile_images */

#endif
