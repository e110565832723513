/* whitening.c: the matrix between images and the network. */
#include "errors.h"
#include "networks.h"

static PyObject *network_set_whitening(PyObject *object, ARGUMENTS) {
  static const argument table[] = {{"matrix", INPUT, 2, true}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "set_whitening", table, LENGTH(table), arguments, given, keywords)) return NULL;
  extents input = network_input(self, 1);
  Py_ssize_t size = (Py_ssize_t)(input.channels * input.height * input.width);
  int32_t status = SAX_OK;
  if (call_expects(&c, 0, 2, (Py_ssize_t[]){size, size})) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_set_whitening(self->handle, call_data(&c, 0), size);
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *network_whiten(PyObject *object, ARGUMENTS) {
  enum { X, OUT };
  static const argument table[] = {{"x", INPUT, 4}, {"out", OUTPUT, 4}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "whiten", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t count = c.values[X].array.shape[0];
  int32_t status = SAX_OK;
  if (call_expects_extents(&c, X, network_input(self, count), SAX_NHWC) && call_expects_shape_of(&c, OUT, X)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_whiten(self->handle, call_data(&c, X), count, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

PyMethodDef network_whitening_methods[] = {
  METHOD("set_whitening", network_set_whitening, "The matrix that images pass after preprocessing, or None."),
  METHOD("whiten", network_whiten, "The product of that matrix with preprocessed images."),
  {NULL, NULL, 0, NULL},
};
