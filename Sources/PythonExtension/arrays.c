#include "arrays.h"

#include <string.h>

#include "errors.h"

static const struct {
  const char *name, *expected;
  char code;
  Py_ssize_t size;
} elements[] = {
  [ELEMENT_FLOAT32] = {"float32", "an array of float32", 'f', 4},
  [ELEMENT_INT32] = {"int32", "an array of int32", 'i', 4},
  [ELEMENT_UINT8] = {"uint8", "an array of uint8", 'B', 1},
};

/* The letters of the struct module, for messages. */
static const struct {
  const char *format, *name;
} dtype_names[] = {
  {"?", "bool"},     {"b", "int8"},     {"B", "uint8"},   {"h", "int16"},       {"H", "uint16"},      {"i", "int32"},
  {"I", "uint32"},   {"l", "int64"},    {"L", "uint64"},  {"q", "int64"},       {"Q", "uint64"},      {"e", "float16"},
  {"f", "float32"},  {"d", "float64"},  {"g", "longdouble"}, {"Zf", "complex64"}, {"Zd", "complex128"}, {"O", "object"},
};

static void dtype_text(char *text, size_t capacity, const char *format) {
  bool foreign = *format == '>' || *format == '!';
  const char *letters = format + (strchr("@=<>!", *format) != NULL && *format);
  for (int i = 0; i < LENGTH(dtype_names); i++) {
    if (strcmp(letters, dtype_names[i].format) == 0) {
      PyOS_snprintf(text, capacity, "dtype %s%s", foreign ? "big-endian " : "", dtype_names[i].name);
      return;
    }
  }
  PyOS_snprintf(text, capacity, "the buffer format '%.40s'", format);
}

void shape_text(char text[SHAPE_TEXT], int rank, const Py_ssize_t *shape) {
  size_t used = (size_t)PyOS_snprintf(text, SHAPE_TEXT, "(");
  for (int i = 0; i < rank && used + 32 < SHAPE_TEXT; i++) {
    used += (size_t)PyOS_snprintf(text + used, SHAPE_TEXT - used, i ? ", %lld" : "%lld", (long long)shape[i]);
  }
  PyOS_snprintf(text + used, SHAPE_TEXT - used, rank == 1 ? ",)" : ")");
}

/* ---- The checks, in the order most useful to a caller ---- */

static bool check_type(const Py_buffer *buffer, const char *operation, const char *name, element type) {
  const char *format = buffer->format ? buffer->format : "B";
  const char *letter = format + (strchr("@=<", *format) != NULL && *format); /* all native on a little-endian host */
  if (letter[0] == elements[type].code && letter[1] == 0 && buffer->itemsize == elements[type].size) return true;
  char came[64];
  dtype_text(came, sizeof came, format);
  PyErr_Format(PyExc_TypeError, "%s: %s has %s, expected %s", operation, name, came, elements[type].name);
  return false;
}

static bool check_rank(const Py_buffer *buffer, const char *operation, const char *name, int rank) {
  if (rank == ANY_RANK || buffer->ndim == rank) return true;
  char came[SHAPE_TEXT];
  shape_text(came, buffer->ndim, buffer->shape);
  PyErr_Format(PyExc_ValueError, "%s: %s has shape %s, expected %d dimension%s", operation, name, came, rank,
               rank == 1 ? "" : "s");
  return false;
}

static bool check_extents(const Py_buffer *buffer, const char *operation, const char *name) {
  Py_ssize_t bytes = buffer->itemsize;
  bool sound = true;
  for (int i = 0; i < buffer->ndim; i++) {
    sound = sound && buffer->shape[i] >= 1 && buffer->shape[i] <= MAX_EXTENT &&
            !__builtin_mul_overflow(bytes, buffer->shape[i], &bytes);
  }
  if (sound && bytes == buffer->len) return true;
  char came[SHAPE_TEXT];
  shape_text(came, buffer->ndim, buffer->shape);
  PyErr_Format(PyExc_ValueError, "%s: %s has shape %s, expected dimensions from 1 to %d", operation, name, came,
               MAX_EXTENT);
  return false;
}

static bool check_memory(const Py_buffer *buffer, const char *operation, const char *name, bool writable) {
  const char *came = NULL, *expected = NULL;
  if (!PyBuffer_IsContiguous(buffer, 'C')) came = "not C-contiguous", expected = "a C-contiguous array";
  else if ((uintptr_t)buffer->buf % (uintptr_t)buffer->itemsize) came = "misaligned", expected = "aligned memory";
  else if (writable && buffer->readonly) came = "read-only", expected = "a writable array";
  if (!came) return true;
  PyErr_Format(PyExc_ValueError, "%s: %s is %s, expected %s", operation, name, came, expected);
  return false;
}

bool array_borrow(PyObject *object, const char *operation, const char *name, element type, int rank, bool writable,
                  Py_buffer *buffer) {
  if (PyObject_GetBuffer(object, buffer, PyBUF_RECORDS_RO) < 0) {
    buffer->obj = NULL;
    return refuse_type(operation, name, object, elements[type].expected);
  }
  if (check_type(buffer, operation, name, type) && check_rank(buffer, operation, name, rank) &&
      check_extents(buffer, operation, name) && check_memory(buffer, operation, name, writable)) {
    return true;
  }
  array_give_back(buffer);
  return false;
}

void array_give_back(Py_buffer *buffer) {
  if (buffer->obj) PyBuffer_Release(buffer); /* sets obj to NULL */
}

bool arrays_overlap(const Py_buffer *a, const Py_buffer *b) {
  const char *start = a->buf, *other = b->buf;
  return a->obj && b->obj && start < other + b->len && other < start + a->len;
}

/* ---- Shapes ---- */

bool array_has_shape(const Py_buffer *buffer, const char *operation, const char *name, int rank,
                     const Py_ssize_t *expected) {
  if (!buffer->obj) return true;
  bool equal = buffer->ndim == rank;
  for (int i = 0; equal && i < rank; i++) equal = buffer->shape[i] == expected[i];
  if (equal) return true;
  char came[SHAPE_TEXT], wanted[SHAPE_TEXT];
  shape_text(came, buffer->ndim, buffer->shape);
  shape_text(wanted, rank, expected);
  PyErr_Format(PyExc_ValueError, "%s: %s has shape %s, expected %s", operation, name, came, wanted);
  return false;
}

bool array_has_shape_of(const Py_buffer *buffer, const char *operation, const char *name, const Py_buffer *other) {
  return array_has_shape(buffer, operation, name, other->ndim, other->shape);
}

extents extents_of(const Py_ssize_t *shape, int32_t layout) {
  if (layout == SAX_NHWC) return (extents){shape[0], shape[3], shape[1], shape[2]};
  return (extents){shape[0], shape[1], shape[2], shape[3]};
}

bool array_has_extents(const Py_buffer *buffer, const char *operation, const char *name, extents expected,
                       int32_t layout) {
  extents e = expected;
  const Py_ssize_t nchw[] = {e.batch, e.channels, e.height, e.width}, nhwc[] = {e.batch, e.height, e.width, e.channels};
  return array_has_shape(buffer, operation, name, 4, layout == SAX_NHWC ? nhwc : nchw);
}

int64_t element_count(const Py_buffer *buffer) { return buffer->len / buffer->itemsize; }
