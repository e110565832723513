/* network.h: the Network object and the views of its parameters. */
#ifndef SWIFTALEXNET_NETWORK_H
#define SWIFTALEXNET_NETWORK_H

#include "calls.h"

typedef struct {
  PyObject_HEAD
  sax_network *handle;
  sax_node *nodes; /* asked for once, at creation: arrays are checked against them */
  int64_t node_count;
} network_object;

bool add_network_types(PyObject *module);

/* A new View of one parameter; see SAX_VALUE and its kin. */
PyObject *new_view(network_object *network, int64_t index, int32_t which);
bool add_view_type(PyObject *module);

/* network.hold(operation, writing): a context manager; see sax_network_hold. */
PyObject *network_hold(PyObject *network, ARGUMENTS);
bool add_hold_type(PyObject *module);

/* One image as the network takes it, with the batch that came. */
extents network_input(const network_object *network, int64_t batch);
int64_t network_classes(const network_object *network);

/* Answers pickle and copy, which would otherwise make a shell without a network. */
PyObject *refuse_pickling(PyObject *self, PyObject *unused);

extern PyMethodDef network_tensor_methods[]; /* forward, capture, backward, train_step */
extern PyMethodDef network_image_methods[];  /* train_step_images, predict_images and their kin */
extern PyMethodDef network_memory_methods[]; /* memory, release_memory */
extern PyMethodDef network_profile_methods[]; /* profile_images */

/* Three integers (precision, int8_dense_weights, fast_math) as an argument {"arithmetic", INTEGERS, 3}. */
sax_arithmetic call_arithmetic(const call *c, int index);

/* The options of a training step, a tuple of its own, whose arrays stay borrowed until call_end(&o->arrays). */
typedef struct {
  call arrays;
  sax_step_options values;
} step_options;

bool step_options_begin(step_options *o, const call *c, int index, const network_object *network);

#endif
