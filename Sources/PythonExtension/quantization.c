/* quantization.c: how a network holds activations in bytes. */
#include <string.h>

#include "errors.h"
#include "networks.h"

/* Their details say which nodes compute in bytes. */
static void update_details(network_object *self) {
  for (int64_t i = 0; i < self->node_count; i++) {
    sax_node node;
    if (sax_network_get_node(self->handle, i, &node) != SAX_OK) continue;
    memcpy(self->nodes[i].detail, node.detail, sizeof node.detail);
  }
}

static PyObject *network_set_quantization(PyObject *object, ARGUMENTS) {
  enum { SCALES, ZERO_POINTS };
  static const argument table[] = {{"scales", INPUT, 1, true}, {"zero_points", LABELS, 1, true}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "set_quantization", table, LENGTH(table), arguments, given, keywords)) return NULL;
  Py_ssize_t count = (Py_ssize_t)self->node_count;
  const float *scales = call_data(&c, SCALES);
  const int32_t *zero_points = call_data(&c, ZERO_POINTS);
  if (!scales != !zero_points) {
    PyErr_SetString(PyExc_ValueError, "set_quantization: got only one of scales and zero_points, expected both or None");
    return call_result(&c, SAX_OK);
  }
  sax_quantization *tensors = NULL;
  int32_t status = SAX_OK;
  if (!call_expects(&c, SCALES, 1, &count) || !call_expects(&c, ZERO_POINTS, 1, &count)) {
    return call_result(&c, status);
  }
  if (scales) {
    tensors = PyMem_Calloc((size_t)count, sizeof *tensors);
    if (!tensors) {
      PyErr_NoMemory();
      return call_result(&c, status);
    }
    for (Py_ssize_t i = 0; i < count; i++) tensors[i] = (sax_quantization){scales[i], zero_points[i]};
  }
  Py_BEGIN_ALLOW_THREADS
  status = sax_network_set_quantization(self->handle, tensors, count);
  Py_END_ALLOW_THREADS
  PyMem_Free(tensors);
  if (status == SAX_OK) update_details(self);
  return call_result(&c, status);
}

static PyObject *network_quantization(PyObject *object, PyObject *unused) {
  (void)unused;
  network_object *self = (network_object *)object;
  sax_quantization *tensors = PyMem_Calloc((size_t)self->node_count, sizeof *tensors);
  if (!tensors) return PyErr_NoMemory();
  int32_t is_quantized = 0;
  PyObject *scales = NULL, *zero_points = NULL, *result = NULL;
  if (!succeeded(sax_network_get_quantization(self->handle, tensors, self->node_count, &is_quantized))) goto end;
  if (!is_quantized) {
    result = Py_NewRef(Py_None);
    goto end;
  }
  scales = PyTuple_New((Py_ssize_t)self->node_count);
  zero_points = PyTuple_New((Py_ssize_t)self->node_count);
  if (!scales || !zero_points) goto end;
  for (Py_ssize_t i = 0; i < (Py_ssize_t)self->node_count; i++) {
    PyObject *scale = PyFloat_FromDouble(tensors[i].scale);
    PyObject *zero_point = PyLong_FromLong(tensors[i].zero_point);
    if (!scale || !zero_point) {
      Py_XDECREF(scale);
      Py_XDECREF(zero_point);
      goto end;
    }
    PyTuple_SetItem(scales, i, scale);
    PyTuple_SetItem(zero_points, i, zero_point);
  }
  result = PyTuple_Pack(2, scales, zero_points);
end:
  Py_XDECREF(scales);
  Py_XDECREF(zero_points);
  PyMem_Free(tensors);
  return result;
}

PyMethodDef network_quantization_methods[] = {
  METHOD("set_quantization", network_set_quantization, "How activations are held in bytes, or None."),
  {"quantization", network_quantization, METH_NOARGS, "Scales and zero points of that, or None."},
  {NULL, NULL, 0, NULL},
};
