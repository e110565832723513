#include "calls.h"
#include "errors.h"

static PyObject *runtime_info(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  sax_runtime_info info;
  if (!succeeded(sax_get_runtime_info(&info))) return NULL;
  return Py_BuildValue("{ssssssssssss}", "version", info.version, "cpu", info.cpu, "instruction_set",
                       info.instruction_set, "available", info.available, "gemm", info.gemm, "precisions",
                       info.precisions);
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
  METHOD("set_num_threads", set_num_threads, "Set the number of threads, the calling one included."),
  {"get_num_threads", get_num_threads, METH_NOARGS, "Number of threads, the calling one included."},
  {"allocation_count", allocation_count, METH_NOARGS, "Allocations of tensor memory since the process started."},
  METHOD("fail_allocation_after", fail_allocation_after, "Test aid: let one later allocation fail."),
  {NULL, NULL, 0, NULL},
};
