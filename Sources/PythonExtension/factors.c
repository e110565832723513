/* factors.c: factors of the dense layers' gradients. */
#include "errors.h"
#include "networks.h"
#include "shards.h"

/* Bytes of a row of every matrix, in the order in which they are finished. */
static PyObject *network_factors(PyObject *object, PyObject *unused) {
  (void)unused;
  sax_network *network = ((network_object *)object)->handle;
  PyObject *sizes = PyList_New(0);
  for (int64_t index = 0, bytes; sizes && (bytes = sax_network_factor_row_bytes(network, index)); index++) {
    PyObject *size = PyLong_FromLongLong(bytes);
    if (!size || PyList_Append(sizes, size) < 0) Py_CLEAR(sizes);
    Py_XDECREF(size);
  }
  return sizes;
}

static PyObject *network_finished_factors(PyObject *object, PyObject *unused) {
  (void)unused;
  return PyLong_FromLongLong(sax_network_finished_factors(((network_object *)object)->handle));
}

/* Reads rows of a matrix into the caller's array, or writes them from it. */
static PyObject *copy_rows(PyObject *object, bool reads, ARGUMENTS) {
  enum { INDEX, FIRST_IMAGE, ROWS };
  const argument table[] = {
    {"index", INTEGER}, {"first_image", INTEGER}, {"rows", reads ? OUTPUT_IMAGES : IMAGES, 2}};
  sax_network *network = ((network_object *)object)->handle;
  call c;
  if (!call_begin(&c, reads ? "read_factor" : "write_factor", table, LENGTH(table), arguments, given, keywords)) {
    return NULL;
  }
  int64_t index = c.values[INDEX].integer, first = c.values[FIRST_IMAGE].integer;
  const Py_buffer *rows = &c.values[ROWS].array;
  int32_t status;
  Py_BEGIN_ALLOW_THREADS
  status = reads ? sax_network_read_factor(network, index, first, rows->shape[0], rows->buf, rows->len)
                 : sax_network_write_factor(network, index, first, rows->shape[0], rows->buf, rows->len);
  Py_END_ALLOW_THREADS
  return call_result(&c, status);
}

static PyObject *network_read_factor(PyObject *object, ARGUMENTS) {
  return copy_rows(object, true, arguments, given, keywords);
}

static PyObject *network_write_factor(PyObject *object, ARGUMENTS) {
  return copy_rows(object, false, arguments, given, keywords);
}

static PyObject *network_gradients_of_factors(PyObject *object, ARGUMENTS) {
  static const argument table[] = {{"shards", OBJECT}};
  call c;
  if (!call_begin(&c, "gradients_of_factors", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t shards[MAX_SHARDS], status = SAX_OK;
  Py_ssize_t count = read_shards(c.values[0].object, c.operation, shards);
  if (count) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_gradients_of_factors(((network_object *)object)->handle, shards, count);
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

PyMethodDef network_factor_methods[] = {
  {"factors", network_factors, METH_NOARGS, "Bytes of a row of each matrix of the last call's factors."},
  {"finished_factors", network_finished_factors, METH_NOARGS, "Matrices that the pass under way has finished."},
  METHOD("read_factor", network_read_factor, "Rows of a matrix of factors."),
  METHOD("write_factor", network_write_factor, "Write rows of a matrix of factors."),
  METHOD("gradients_of_factors", network_gradients_of_factors, "The dense layers' gradients, of the whole batch."),
  {NULL, NULL, 0, NULL},
};
