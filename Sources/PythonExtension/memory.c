/* memory.c: memory in use and available, and how much a network will take. */
#include "errors.h"
#include "networks.h"

static PyObject *describe_use(const sax_memory_use *use) {
  return Py_BuildValue("(LLLLL)", (long long)use->weights, (long long)use->gradients, (long long)use->velocities,
                       (long long)use->activations, (long long)use->scratch);
}

static PyObject *network_memory(PyObject *object, ARGUMENTS) {
  enum { BATCH, TRAINING, ARITHMETIC };
  static const argument table[] = {{"batch", INTEGER}, {"training", FLAG}, {"arithmetic", INTEGERS, 3}};
  call c;
  if (!call_begin(&c, "memory", table, LENGTH(table), arguments, given, keywords)) return NULL;
  sax_arithmetic arithmetic = call_arithmetic(&c, ARITHMETIC);
  sax_memory_use use;
  int32_t status;
  Py_BEGIN_ALLOW_THREADS
  status = sax_network_memory(((network_object *)object)->handle, c.values[BATCH].integer, c.values[TRAINING].flag,
                              &arithmetic, &use);
  Py_END_ALLOW_THREADS
  call_end(&c);
  return succeeded(status) ? describe_use(&use) : NULL;
}

static PyObject *network_release_memory(PyObject *object, PyObject *unused) {
  (void)unused;
  int32_t status;
  Py_BEGIN_ALLOW_THREADS
  status = sax_network_release_memory(((network_object *)object)->handle);
  Py_END_ALLOW_THREADS
  return succeeded(status) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *spec_memory(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { SPEC, BATCH, TRAINING, ARITHMETIC };
  static const argument table[] = {{"spec", TEXT}, {"batch", INTEGER}, {"training", FLAG},
                                   {"arithmetic", INTEGERS, 3}};
  call c;
  if (!call_begin(&c, "memory", table, LENGTH(table), arguments, given, keywords)) return NULL;
  sax_arithmetic arithmetic = call_arithmetic(&c, ARITHMETIC);
  sax_memory_use use;
  int32_t status;
  Py_BEGIN_ALLOW_THREADS
  status = sax_spec_memory(c.values[SPEC].text, c.values[BATCH].integer, c.values[TRAINING].flag, &arithmetic,
                           &use);
  Py_END_ALLOW_THREADS
  call_end(&c);
  return succeeded(status) ? describe_use(&use) : NULL;
}

static PyObject *tensor_bytes(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  return Py_BuildValue("(LL)", (long long)sax_live_bytes(), (long long)sax_peak_bytes());
}

static PyObject *reset_peak_bytes(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  sax_reset_peak_bytes();
  return Py_NewRef(Py_None);
}

static PyObject *available_bytes(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  return PyLong_FromLongLong(sax_available_bytes());
}

PyMethodDef network_memory_methods[] = {
  METHOD("memory", network_memory, "Bytes that a batch will take, before anything runs."),
  {"release_memory", network_release_memory, METH_NOARGS, "Release the activations' memory."},
  {NULL, NULL, 0, NULL},
};

PyMethodDef memory_methods[] = {
  {"tensor_bytes", tensor_bytes, METH_NOARGS, "Bytes of tensor memory now, and the most at once."},
  {"reset_peak_bytes", reset_peak_bytes, METH_NOARGS, "Reset the peak to the current value."},
  {"available_bytes", available_bytes, METH_NOARGS, "Bytes that this process may still take; -1 if unknown."},
  METHOD("spec_memory", spec_memory, "Bytes that a batch will take in a network that need not exist."),
  {NULL, NULL, 0, NULL},
};
