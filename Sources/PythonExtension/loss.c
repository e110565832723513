#include "calls.h"
#include "errors.h"

static PyObject *softmax(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X, OUT };
  static const argument table[] = {{"x", INPUT, 2}, {"out", OUTPUT, 2}};
  call c;
  if (!call_begin(&c, "softmax", table, LENGTH(table), arguments, given, keywords)) return NULL;
  const Py_ssize_t *shape = c.values[X].array.shape;
  int32_t status = SAX_OK;
  if (call_expects_shape_of(&c, OUT, X)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_softmax(call_data(&c, X), shape[0], shape[1], call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *cross_entropy(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X, TARGETS, WEIGHTS, DX };
  static const argument table[] = {
    {"x", INPUT, 2}, {"labels", LABELS, 1}, {"sample_weight", INPUT, 1, true}, {"dx", OUTPUT, 2, true}};
  call c;
  if (!call_begin(&c, "cross_entropy", table, LENGTH(table), arguments, given, keywords)) return NULL;
  const Py_ssize_t *shape = c.values[X].array.shape;
  int32_t status = SAX_OK;
  double loss = 0;
  if (call_expects(&c, TARGETS, 1, shape) && call_expects(&c, WEIGHTS, 1, shape) && call_expects_shape_of(&c, DX, X)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_cross_entropy(call_data(&c, X), call_data(&c, TARGETS), shape[0], shape[1], call_data(&c, WEIGHTS),
                               &loss, call_data(&c, DX));
    Py_END_ALLOW_THREADS
  }
  call_end(&c);
  return succeeded(status) ? PyFloat_FromDouble(loss) : NULL;
}

PyMethodDef loss_methods[] = {
  METHOD("softmax", softmax, "Softmax of each row."),
  METHOD("cross_entropy", cross_entropy, "Mean of −log softmax(x)[label], and its gradient."),
  {NULL, NULL, 0, NULL},
};
