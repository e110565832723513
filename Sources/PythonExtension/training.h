/* training.h: the options of a training step. */
#ifndef SWIFTALEXNET_EXTENSION_TRAINING_H
#define SWIFTALEXNET_EXTENSION_TRAINING_H

#include "networks.h"

/* A separate tuple whose arrays stay borrowed until call_end(&o->arrays). */
typedef struct {
  call arrays;
  sax_step_options values;
} step_options;

/* Reads argument `index` for a batch of so many images. False with an exception set on failure. */
bool step_options_begin(step_options *o, const call *c, int index, const network_object *network, Py_ssize_t batch);

#endif
