/* arrays.h: borrowing a caller's memory, after all checks. */
#ifndef SWIFTALEXNET_ARRAYS_H
#define SWIFTALEXNET_ARRAYS_H

#include "extension.h"

typedef enum { ELEMENT_FLOAT32, ELEMENT_INT32, ELEMENT_UINT8 } element;

enum { ANY_RANK = 0, SHAPE_TEXT = 192, MAX_EXTENT = INT32_MAX };

/* Borrows the memory of `object`: native elements of the given type, `rank` dimensions of 1 to MAX_EXTENT,
 * C-contiguous, aligned, and writable on request. False with an exception set otherwise; `buffer` is then empty. */
bool array_borrow(PyObject *object, const char *operation, const char *name, element type, int rank, bool writable,
                  Py_buffer *buffer);
void array_give_back(Py_buffer *buffer);

/* True if two borrowed arrays share a byte. Empty buffers share nothing. */
bool arrays_overlap(const Py_buffer *a, const Py_buffer *b);

/* False with a ValueError if the shape differs from the expected one. An empty buffer (None was passed) fits. */
bool array_has_shape(const Py_buffer *buffer, const char *operation, const char *name, int rank,
                     const Py_ssize_t *expected);
bool array_has_shape_of(const Py_buffer *buffer, const char *operation, const char *name, const Py_buffer *other);

/* Writes "(1, 3, 224, 224)". */
void shape_text(char text[SHAPE_TEXT], int rank, const Py_ssize_t *shape);

/* Batch, channels, height and width of a 4-D tensor. */
typedef struct {
  int64_t batch, channels, height, width;
} extents;

extents extents_of(const Py_ssize_t *shape, int32_t layout);
bool array_has_extents(const Py_buffer *buffer, const char *operation, const char *name, extents expected,
                       int32_t layout);
int64_t element_count(const Py_buffer *buffer);

#endif
