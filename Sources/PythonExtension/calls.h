/* calls.h: reading a call's arguments using a table. */
#ifndef SWIFTALEXNET_CALLS_H
#define SWIFTALEXNET_CALLS_H

#include "arrays.h"

typedef enum {
  INPUT,    /* float32 array */
  OUTPUT,   /* float32 array, writable, overlapping no other array of the call */
  LABELS,   /* int32 [n] */
  IMAGES,   /* uint8 array */
  OUTPUT_IMAGES, /* uint8 array, writable, overlapping no other array of the call */
  INTEGER,  /* int64 */
  SEED,     /* uint64 */
  NUMBER,   /* float32 */
  REAL,     /* float64 */
  FLAG,     /* truth value */
  LAYOUT,   /* SAX_NCHW or SAX_NHWC */
  INTEGERS, /* tuple of `rank` integers, 0 to MAX_EXTENT */
  TEXT,     /* UTF-8, without a NUL inside */
  OBJECT    /* anything; checked by the function itself */
} argument_kind;

typedef struct {
  const char *name;
  argument_kind kind;
  int rank; /* of an array (0: any) or of a tuple */
  bool optional; /* an array that may be None */
} argument;

typedef union {
  Py_buffer array;
  int64_t integer;
  uint64_t seed;
  float number;
  double real;
  bool flag;
  int32_t layout;
  Py_ssize_t integers[4];
  const char *text;
  PyObject *object; /* borrowed */
} argument_value;

enum { MAX_ARGUMENTS = 12 };

typedef struct {
  const char *operation;
  const argument *table;
  int count;
  argument_value values[MAX_ARGUMENTS];
} call;

/* Reads positional arguments and keywords. False with an exception set on failure; nothing is then held. */
bool call_begin(call *c, const char *operation, const argument *table, int count, ARGUMENTS);

/* Reads the items of a tuple that is itself an argument, `name`, using a separate table. */
bool call_begin_tuple(call *c, const char *operation, const argument *table, int count, PyObject *tuple,
                      const char *name);

/* Reads a str as UTF-8, which lives as long as the object. False with an exception set for a NUL or a lone surrogate. */
bool read_text(PyObject *object, const char *operation, const char *name, const char **value);

/* Returns the borrowed arrays. Calling it twice is harmless. */
void call_end(call *c);

/* Ends the call with None, or with NULL if the engine failed or an exception is set. */
PyObject *call_result(call *c, int32_t status);

/* False with a ValueError if an array of the call overlaps an output of another part of the same call. */
bool call_is_apart(const call *c, const Py_buffer *output, const char *name);

/* array_has_shape() and related checks for one argument of a call. */
bool call_expects(const call *c, int index, int rank, const Py_ssize_t *shape);
bool call_expects_shape_of(const call *c, int index, int other);
bool call_expects_extents(const call *c, int index, extents expected, int32_t layout);
extents call_extents(const call *c, int index, int32_t layout);

/* Three integers (precision, int8_dense_weights, fast_math) as an argument {"arithmetic", INTEGERS, 3}. */
sax_arithmetic call_arithmetic(const call *c, int index);

/* The memory of an array argument; NULL for None. */
static inline void *call_data(const call *c, int index) {
  return c->values[index].array.obj ? c->values[index].array.buf : NULL;
}

#endif
