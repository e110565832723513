#include "named_arrays.h"

#include "errors.h"

enum { MOST_NAMES = 4096 };

void named_arrays_end(named_arrays *s) {
  for (Py_ssize_t i = 0; s->buffers && i < s->count; i++) array_give_back(&s->buffers[i]);
  PyMem_Free(s->names);
  PyMem_Free(s->data);
  PyMem_Free(s->buffers);
  Py_XDECREF(s->name_tuple);
  Py_XDECREF(s->array_tuple);
  *s = (named_arrays){0};
}

static PyObject *tuple_of(PyObject *object, const char *operation, const char *name, const char *expected) {
  PyObject *tuple = PyUnicode_Check(object) ? NULL : PySequence_Tuple(object);
  if (!tuple) refuse_type(operation, name, object, expected);
  return tuple;
}

bool named_arrays_begin(named_arrays *s, const char *operation, PyObject *names, const char *arrays_name,
                        PyObject *arrays) {
  *s = (named_arrays){.operation = operation};
  if (!(s->name_tuple = tuple_of(names, operation, "names", "a sequence of str"))) return false;
  Py_ssize_t count = PyTuple_Size(s->name_tuple), array_count = count;
  if (arrays) {
    if (!(s->array_tuple = tuple_of(arrays, operation, arrays_name, "a sequence of arrays"))) return false;
    array_count = PyTuple_Size(s->array_tuple);
  }
  if (count < 1 || count > MOST_NAMES || count != array_count) {
    PyErr_Format(PyExc_ValueError, "%s: got %zd names and %zd %s, expected equal numbers, 1 to %d", operation, count,
                 array_count, arrays_name, MOST_NAMES);
    return false;
  }
  s->names = PyMem_Calloc((size_t)count, sizeof *s->names);
  s->data = PyMem_Calloc((size_t)count, sizeof *s->data);
  s->buffers = PyMem_Calloc((size_t)count, sizeof *s->buffers);
  if (!s->names || !s->data || !s->buffers) return PyErr_NoMemory() != NULL;
  s->count = count;
  for (Py_ssize_t i = 0; i < count; i++) {
    if (!read_text(PyTuple_GetItem(s->name_tuple, i), operation, "a name", &s->names[i])) return false;
  }
  return true;
}

bool array_has_shape_of_node(const Py_buffer *buffer, const char *operation, const char *node, const int64_t shape[3],
                             int64_t batch, int32_t layout) {
  if (buffer->ndim == 2 && shape[1] == 1 && shape[2] == 1) {
    return array_has_shape(buffer, operation, node, 2, (Py_ssize_t[]){(Py_ssize_t)batch, (Py_ssize_t)shape[0]});
  }
  return array_has_extents(buffer, operation, node, (extents){batch, shape[0], shape[1], shape[2]}, layout);
}

static bool is_apart(const Py_buffer *buffer, const char *name, const named_arrays *others, Py_ssize_t count) {
  for (Py_ssize_t k = 0; k < count; k++) {
    if (!arrays_overlap(buffer, &others->buffers[k])) continue;
    PyErr_Format(PyExc_ValueError, "%s: %s overlaps %s, expected separate memory", others->operation, name,
                 others->names[k]);
    return false;
  }
  return true;
}

bool named_arrays_borrow(named_arrays *s, const call *c, bool writable, int64_t batch, int32_t layout, node_shape shape,
                         const void *owner) {
  for (Py_ssize_t i = 0; i < s->count; i++) {
    int64_t expected[3];
    if (!succeeded(shape(owner, s->names[i], expected))) return false;
    PyObject *array = PyTuple_GetItem(s->array_tuple, i);
    Py_buffer *buffer = &s->buffers[i];
    if (!array_borrow(array, s->operation, s->names[i], ELEMENT_FLOAT32, ANY_RANK, writable, buffer)) return false;
    s->data[i] = buffer->buf;
    if (!array_has_shape_of_node(buffer, s->operation, s->names[i], expected, batch, layout)) return false;
    if (writable && !(is_apart(buffer, s->names[i], s, i) && call_is_apart(c, buffer, s->names[i]))) return false;
  }
  return true;
}

bool named_arrays_are_apart(const named_arrays *s, const named_arrays *others) {
  for (Py_ssize_t i = 0; i < s->count; i++) {
    if (!is_apart(&s->buffers[i], s->names[i], others, others->count)) return false;
  }
  return true;
}

PyObject *new_shape(const int64_t shape[3]) {
  return Py_BuildValue("(LLL)", (long long)shape[0], (long long)shape[1], (long long)shape[2]);
}
