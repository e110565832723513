/* named_arrays.h: a sequence of nodes' names with as many arrays. */
#ifndef SWIFTALEXNET_NAMED_ARRAYS_H
#define SWIFTALEXNET_NAMED_ARRAYS_H

#include "calls.h"

typedef struct {
  PyObject *name_tuple, *array_tuple; /* owned references to the caller's sequences */
  const char *operation;
  Py_ssize_t count;
  const char **names; /* memory of the str objects */
  float **data;
  Py_buffer *buffers;
} named_arrays;

/* Channels, height and width of a node's output; a status. */
typedef int32_t (*node_shape)(const void *owner, const char *node, int64_t shape[3]);

/* Reads the names. `arrays` may be NULL, for names alone. End it in either case. */
bool named_arrays_begin(named_arrays *s, const char *operation, PyObject *names, const char *arrays_name,
                        PyObject *arrays);

/* Borrows the arrays, each [batch] × the shape of its node in `layout` (a vector may be [batch][channels]). Writable ones
 * overlap neither each other nor an array of the call. */
bool named_arrays_borrow(named_arrays *s, const call *c, bool writable, int64_t batch, int32_t layout, node_shape shape,
                         const void *owner);

/* False with a ValueError if an array of `s` overlaps one of `others`. */
bool named_arrays_are_apart(const named_arrays *s, const named_arrays *others);

/* Whether an array is [batch] × the shape of a node in `layout`; a vector is [batch][channels] or an image of one pixel. */
bool array_has_shape_of_node(const Py_buffer *buffer, const char *operation, const char *node, const int64_t shape[3],
                             int64_t batch, int32_t layout);

void named_arrays_end(named_arrays *s);

/* A new tuple (channels, height, width). */
PyObject *new_shape(const int64_t shape[3]);

#endif
