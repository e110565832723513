#include <string.h>

#include "calls.h"
#include "errors.h"

/* Sizes of x [batch][inputs] and w [outputs][inputs], which must agree. */
typedef struct {
  Py_ssize_t batch, inputs, outputs;
} dense_sizes;

static bool read_sizes(const call *c, int x, int w, dense_sizes *s) {
  const Py_ssize_t *rows = c->values[x].array.shape;
  *s = (dense_sizes){rows[0], rows[1], c->values[w].array.shape[0]};
  return call_expects(c, w, 2, (Py_ssize_t[]){s->outputs, s->inputs});
}

static PyObject *dense(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X, W, B, RELU, OUT };
  static const argument table[] = {
    {"x", INPUT, 2}, {"w", INPUT, 2}, {"b", INPUT, 1, true}, {"relu", FLAG}, {"out", OUTPUT, 2}};
  call c;
  if (!call_begin(&c, "dense", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t status = SAX_OK;
  dense_sizes s;
  if (read_sizes(&c, X, W, &s) && call_expects(&c, B, 1, &s.outputs) &&
      call_expects(&c, OUT, 2, (Py_ssize_t[]){s.batch, s.outputs})) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_dense(call_data(&c, X), call_data(&c, W), call_data(&c, B), s.batch, s.inputs, s.outputs,
                       c.values[RELU].flag, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *dense_backward(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { DY, X, W, DX, DW, DB };
  static const argument table[] = {{"dy", INPUT, 2},        {"x", INPUT, 2},         {"w", INPUT, 2},
                                   {"dx", OUTPUT, 2, true}, {"dw", OUTPUT, 2, true}, {"db", OUTPUT, 1, true}};
  call c;
  if (!call_begin(&c, "dense_backward", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t status = SAX_OK;
  dense_sizes s;
  if (read_sizes(&c, X, W, &s) && call_expects(&c, DY, 2, (Py_ssize_t[]){s.batch, s.outputs}) &&
      call_expects_shape_of(&c, DX, X) && call_expects_shape_of(&c, DW, W) && call_expects(&c, DB, 1, &s.outputs)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_dense_backward(call_data(&c, DY), call_data(&c, X), call_data(&c, W), s.batch, s.inputs, s.outputs,
                                call_data(&c, DX), call_data(&c, DW), call_data(&c, DB));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

/* Writable float32 memory of `outputs` × `inputs` whose elements follow each other along the first dimension. */
static bool borrow_columns(PyObject *object, Py_ssize_t outputs, Py_ssize_t inputs, Py_buffer *y) {
  if (PyObject_GetBuffer(object, y, PyBUF_STRIDES | PyBUF_WRITABLE | PyBUF_FORMAT) != 0) return false;
  if (y->ndim == 2 && y->itemsize == 4 && strcmp(y->format, "f") == 0 && y->shape[0] == outputs &&
      y->shape[1] == inputs && y->strides[0] == 4 && y->strides[1] >= 4 * outputs && y->strides[1] % 4 == 0 &&
      (uintptr_t)y->buf % 4 == 0) {
    return true;
  }
  PyErr_Format(PyExc_ValueError, "transpose: y is not columns of (%zd, %zd) float32 values", outputs, inputs);
  PyBuffer_Release(y);
  return false;
}

static PyObject *transpose(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X, Y };
  static const argument table[] = {{"x", INPUT, 2}, {"y", OBJECT}};
  call c;
  if (!call_begin(&c, "transpose", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t status = SAX_OK;
  const Py_ssize_t *shape = c.values[X].array.shape;
  Py_buffer y;
  if (borrow_columns(c.values[Y].object, shape[0], shape[1], &y)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_transpose(call_data(&c, X), shape[0], shape[1], y.buf, y.strides[1] / 4);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&y);
  }
  return call_result(&c, status);
}

PyMethodDef dense_methods[] = {
  METHOD("dense", dense, "x · wᵀ + b."),
  METHOD("dense_backward", dense_backward, "Gradients of a dense layer."),
  METHOD("transpose", transpose, "Copies x to y, whose columns are contiguous."),
  {NULL, NULL, 0, NULL},
};
