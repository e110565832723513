#include "calls.h"
#include "errors.h"

static PyObject *runtime_info(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  sax_runtime_info info;
  if (!succeeded(sax_get_runtime_info(&info))) return NULL;
  return Py_BuildValue("{ssssssssssssssss}", "version", info.version, "cpu", info.cpu, "instruction_set",
                       info.instruction_set, "available", info.available, "gemm", info.gemm, "precisions",
                       info.precisions, "auto_precision", info.auto_precision, "int8_products", info.int8_products);
}

/* Without bfloat16 if the CPU has no instructions for it. */
static PyObject *fma_limits(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  sax_fma_limits limits;
  int32_t status;
  Py_BEGIN_ALLOW_THREADS
  status = sax_measure_fma_limits(&limits);
  Py_END_ALLOW_THREADS
  if (!succeeded(status)) return NULL;
  if (limits.bfloat16 == 0) return Py_BuildValue("{sdsd}", "float32", limits.float32, "int8", limits.int8);
  return Py_BuildValue("{sdsdsd}", "float32", limits.float32, "bfloat16", limits.bfloat16, "int8", limits.int8);
}

/* For each number of vectors, a tuple of the rates by rows. */
static PyObject *tile_rates(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  double rates[SAX_TILE_VECTORS * SAX_TILE_ROWS];
  int32_t status;
  Py_BEGIN_ALLOW_THREADS
  status = sax_measure_tile_rates(rates);
  Py_END_ALLOW_THREADS
  if (!succeeded(status)) return NULL;
  PyObject *table = PyTuple_New(SAX_TILE_VECTORS);
  for (Py_ssize_t v = 0; table && v < SAX_TILE_VECTORS; v++) {
    const double *row = rates + v * SAX_TILE_ROWS;
    Py_ssize_t count = 0;
    while (count < SAX_TILE_ROWS && row[count] != 0) count++;
    PyObject *line = PyTuple_New(count);
    for (Py_ssize_t i = 0; line && i < count; i++) {
      PyObject *rate = PyFloat_FromDouble(row[i]);
      if (!rate) Py_CLEAR(line);
      else PyTuple_SetItem(line, i, rate);
    }
    if (!line) Py_CLEAR(table);
    else PyTuple_SetItem(table, v, line);
  }
  return table;
}

static PyObject *set_num_threads(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"count", INTEGER}};
  call c;
  if (!call_begin(&c, "set_num_threads", table, LENGTH(table), arguments, given, keywords)) return NULL;
  return call_result(&c, sax_set_num_threads(c.values[0].integer));
}

static PyObject *get_num_threads(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  return PyLong_FromLongLong(sax_get_num_threads());
}

static PyObject *allocation_count(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  return PyLong_FromLongLong(sax_allocation_count());
}

static PyObject *fail_allocation_after(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"count", INTEGER}};
  call c;
  if (!call_begin(&c, "fail_allocation_after", table, LENGTH(table), arguments, given, keywords)) return NULL;
  sax_fail_allocation_after(c.values[0].integer);
  return call_result(&c, SAX_OK);
}

PyMethodDef runtime_methods[] = {
  {"runtime_info", runtime_info, METH_NOARGS, "Version, CPU, instruction set and GEMM provider of the engine."},
  {"fma_limits", fma_limits, METH_NOARGS, "Operations a second of all threads, measured, by precision."},
  {"tile_rates", tile_rates, METH_NOARGS, "Operations a second of tiles, measured, by vectors and by rows."},
  METHOD("set_num_threads", set_num_threads, "Set the number of threads, including the caller's."),
  {"get_num_threads", get_num_threads, METH_NOARGS, "Number of threads, including the caller's."},
  {"allocation_count", allocation_count, METH_NOARGS, "Allocations of tensor memory since the process started."},
  METHOD("fail_allocation_after", fail_allocation_after, "Test aid: let one later allocation fail."),
  {NULL, NULL, 0, NULL},
};
