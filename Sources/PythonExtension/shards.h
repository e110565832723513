/* shards.h: the numbers of images of a batch's shards. */
#ifndef SWIFTALEXNET_EXTENSION_SHARDS_H
#define SWIFTALEXNET_EXTENSION_SHARDS_H

#include "extension.h"

enum { MAX_SHARDS = 1024 };

/* Reads a tuple; returns the number of shards, or 0 with an exception set. */
Py_ssize_t read_shards(PyObject *tuple, const char *operation, int32_t shards[MAX_SHARDS]);

#endif
