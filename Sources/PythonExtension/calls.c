#include "calls.h"

#include <math.h>
#include <string.h>

#include "errors.h"

static bool is_array(const argument *a) { return a->kind <= OUTPUT_IMAGES; }
static bool is_output(const argument *a) { return a->kind == OUTPUT || a->kind == OUTPUT_IMAGES; }

/* ---- One value ---- */

static bool read_integer(PyObject *object, const char *operation, const char *name, int64_t low, int64_t high,
                         int64_t *value) {
  PyObject *index = PyNumber_Index(object);
  if (!index) return refuse_type(operation, name, object, "an integer");
  int overflow;
  *value = PyLong_AsLongLongAndOverflow(index, &overflow);
  Py_DECREF(index);
  if (!overflow && *value >= low && *value <= high) return true;
  PyErr_Format(PyExc_ValueError, "%s: %s is out of range, expected %lld to %lld", operation, name, (long long)low,
               (long long)high);
  return false;
}

static bool read_seed(PyObject *object, const char *operation, const char *name, uint64_t *value) {
  PyObject *index = PyNumber_Index(object);
  if (!index) return refuse_type(operation, name, object, "an integer");
  *value = PyLong_AsUnsignedLongLong(index);
  Py_DECREF(index);
  if (!PyErr_Occurred()) return true;
  PyErr_Format(PyExc_ValueError, "%s: %s is out of range, expected 0 to 2^64 - 1", operation, name);
  return false;
}

static bool read_real(PyObject *object, const char *operation, const char *name, double *value) {
  *value = PyFloat_AsDouble(object);
  if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_OverflowError)) {
    return refuse_type(operation, name, object, "a number");
  }
  if (!PyErr_Occurred()) return true;
  PyErr_Format(PyExc_ValueError, "%s: %s is too large for float64", operation, name);
  return false;
}

static bool read_number(PyObject *object, const char *operation, const char *name, float *value) {
  double number = PyFloat_AsDouble(object);
  if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_OverflowError)) {
    return refuse_type(operation, name, object, "a number");
  }
  *value = (float)number;
  if (!PyErr_Occurred() && (isfinite(*value) || !isfinite(number))) return true;
  PyErr_Format(PyExc_ValueError, "%s: %s is too large for float32", operation, name);
  return false;
}

static bool read_flag(PyObject *object, const char *operation, const char *name, bool *value) {
  int truth = PyObject_IsTrue(object);
  if (truth < 0) return refuse_type(operation, name, object, "a truth value");
  *value = truth;
  return true;
}

static bool read_layout(PyObject *object, const char *operation, const char *name, int32_t *value) {
  int64_t layout;
  if (!read_integer(object, operation, name, SAX_NCHW, SAX_NHWC, &layout)) return false;
  *value = (int32_t)layout;
  return true;
}

static bool read_integers(PyObject *object, const char *operation, const argument *a, Py_ssize_t *values) {
  if (!PyTuple_Check(object)) return refuse_type(operation, a->name, object, "a tuple of integers");
  if (PyTuple_Size(object) != a->rank) {
    PyErr_Format(PyExc_ValueError, "%s: %s has %zd items, expected %d", operation, a->name, PyTuple_Size(object),
                 a->rank);
    return false;
  }
  for (int i = 0; i < a->rank; i++) {
    int64_t value;
    if (!read_integer(PyTuple_GetItem(object, i), operation, a->name, 0, MAX_EXTENT, &value)) return false;
    values[i] = (Py_ssize_t)value;
  }
  return true;
}

bool read_text(PyObject *object, const char *operation, const char *name, const char **value) {
  if (!PyUnicode_Check(object)) return refuse_type(operation, name, object, "a str");
  Py_ssize_t length;
  *value = PyUnicode_AsUTF8AndSize(object, &length);
  if (!*value) {
    if (!PyErr_ExceptionMatches(PyExc_UnicodeError)) return false;
    PyErr_Clear();
    PyErr_Format(PyExc_ValueError, "%s: %s contains a lone surrogate, expected valid Unicode text", operation, name);
    return false;
  }
  if ((Py_ssize_t)strlen(*value) == length) return true;
  PyErr_Format(PyExc_ValueError, "%s: %s contains a NUL character", operation, name);
  return false;
}

static bool read_array(PyObject *object, const char *operation, const argument *a, Py_buffer *array) {
  static const element types[] = {[INPUT] = ELEMENT_FLOAT32,
                                  [OUTPUT] = ELEMENT_FLOAT32,
                                  [LABELS] = ELEMENT_INT32,
                                  [IMAGES] = ELEMENT_UINT8,
                                  [OUTPUT_IMAGES] = ELEMENT_UINT8};
  if (a->optional && object == Py_None) return true;
  return array_borrow(object, operation, a->name, types[a->kind], a->rank, is_output(a), array);
}

static bool read_value(PyObject *object, const char *operation, const argument *a, argument_value *value) {
  switch (a->kind) {
    case INPUT:
    case OUTPUT:
    case LABELS:
    case IMAGES:
    case OUTPUT_IMAGES: return read_array(object, operation, a, &value->array);
    case INTEGER: return read_integer(object, operation, a->name, INT64_MIN, INT64_MAX, &value->integer);
    case SEED: return read_seed(object, operation, a->name, &value->seed);
    case NUMBER: return read_number(object, operation, a->name, &value->number);
    case REAL: return read_real(object, operation, a->name, &value->real);
    case FLAG: return read_flag(object, operation, a->name, &value->flag);
    case LAYOUT: return read_layout(object, operation, a->name, &value->layout);
    case INTEGERS: return read_integers(object, operation, a, value->integers);
    case TEXT: return read_text(object, operation, a->name, &value->text);
    case OBJECT: value->object = object; return true;
  }
  return true;
}

/* ---- All of them ---- */

static bool place_keyword(call *c, PyObject *keyword, PyObject *object, PyObject **objects) {
  for (int i = 0; i < c->count; i++) {
    if (PyUnicode_CompareWithASCIIString(keyword, c->table[i].name) != 0) continue;
    if (objects[i]) {
      PyErr_Format(PyExc_TypeError, "%s: %s is given twice", c->operation, c->table[i].name);
      return false;
    }
    objects[i] = object;
    return true;
  }
  PyErr_Format(PyExc_TypeError, "%s: unknown argument %R", c->operation, keyword);
  return false;
}

static bool place_arguments(call *c, ARGUMENTS, PyObject **objects) {
  if (given > c->count) {
    PyErr_Format(PyExc_TypeError, "%s: got %zd arguments, expected %d", c->operation, given, c->count);
    return false;
  }
  for (Py_ssize_t i = 0; i < given; i++) objects[i] = arguments[i];
  Py_ssize_t named = keywords ? PyTuple_Size(keywords) : 0;
  for (Py_ssize_t i = 0; i < named; i++) {
    if (!place_keyword(c, PyTuple_GetItem(keywords, i), arguments[given + i], objects)) return false;
  }
  for (int i = 0; i < c->count; i++) {
    if (objects[i]) continue;
    PyErr_Format(PyExc_TypeError, "%s: %s is missing", c->operation, c->table[i].name);
    return false;
  }
  return true;
}

bool call_is_apart(const call *c, const Py_buffer *output, const char *name) {
  for (int i = 0; i < c->count; i++) {
    const Py_buffer *other = &c->values[i].array;
    if (!is_array(&c->table[i]) || other == output || !arrays_overlap(output, other)) continue;
    PyErr_Format(PyExc_ValueError, "%s: %s overlaps %s, expected separate memory", c->operation, name,
                 c->table[i].name);
    return false;
  }
  return true;
}

static bool read_values(call *c, PyObject *const *objects) {
  for (int i = 0; i < c->count; i++) {
    if (!read_value(objects[i], c->operation, &c->table[i], &c->values[i])) return false;
  }
  for (int i = 0; i < c->count; i++) {
    if (is_output(&c->table[i]) && !call_is_apart(c, &c->values[i].array, c->table[i].name)) return false;
  }
  return true;
}

static void call_clear(call *c, const char *operation, const argument *table, int count) {
  c->operation = operation;
  c->table = table;
  c->count = count;
  memset(c->values, 0, sizeof c->values[0] * (size_t)count);
}

bool call_begin(call *c, const char *operation, const argument *table, int count, ARGUMENTS) {
  PyObject *objects[MAX_ARGUMENTS] = {NULL};
  call_clear(c, operation, table, count);
  if (place_arguments(c, arguments, given, keywords, objects) && read_values(c, objects)) return true;
  call_end(c);
  return false;
}

bool call_begin_tuple(call *c, const char *operation, const argument *table, int count, PyObject *tuple,
                      const char *name) {
  PyObject *objects[MAX_ARGUMENTS] = {NULL};
  call_clear(c, operation, table, count);
  if (!PyTuple_Check(tuple)) return refuse_type(operation, name, tuple, "a tuple");
  if (PyTuple_Size(tuple) != count) {
    PyErr_Format(PyExc_ValueError, "%s: %s has %zd items, expected %d", operation, name, PyTuple_Size(tuple), count);
    return false;
  }
  for (int i = 0; i < count; i++) objects[i] = PyTuple_GetItem(tuple, i);
  if (read_values(c, objects)) return true;
  call_end(c);
  return false;
}

void call_end(call *c) {
  for (int i = 0; i < c->count; i++) {
    if (is_array(&c->table[i])) array_give_back(&c->values[i].array);
  }
}

PyObject *call_result(call *c, int32_t status) {
  call_end(c);
  return succeeded(status) ? Py_NewRef(Py_None) : NULL;
}

/* ---- Shapes ---- */

bool call_expects(const call *c, int index, int rank, const Py_ssize_t *shape) {
  return array_has_shape(&c->values[index].array, c->operation, c->table[index].name, rank, shape);
}

bool call_expects_shape_of(const call *c, int index, int other) {
  return array_has_shape_of(&c->values[index].array, c->operation, c->table[index].name, &c->values[other].array);
}

bool call_expects_extents(const call *c, int index, extents expected, int32_t layout) {
  return array_has_extents(&c->values[index].array, c->operation, c->table[index].name, expected, layout);
}

extents call_extents(const call *c, int index, int32_t layout) {
  return extents_of(c->values[index].array.shape, layout);
}

sax_arithmetic call_arithmetic(const call *c, int index) {
  const Py_ssize_t *values = c->values[index].integers;
  return (sax_arithmetic){(int32_t)values[0], (int32_t)values[1], (int32_t)values[2]};
}
