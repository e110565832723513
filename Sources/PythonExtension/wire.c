/* wire.c: numbers in bfloat16, as processes send them to each other. */
#include "calls.h"
#include "errors.h"

/* The memory of two bytes for each number. */
static bool expects_halves(const call *c, int bytes, int numbers) {
  Py_ssize_t size = 2 * (Py_ssize_t)element_count(&c->values[numbers].array);
  return call_expects(c, bytes, 1, &size);
}

static PyObject *narrow(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"values", INPUT, 1}, {"narrowed", OUTPUT_IMAGES, 1}};
  call c;
  if (!call_begin(&c, "narrow", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t status = SAX_OK;
  if (expects_halves(&c, 1, 0)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_narrow(call_data(&c, 0), element_count(&c.values[0].array), call_data(&c, 1));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *widen(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"narrowed", IMAGES, 1}, {"values", OUTPUT, 1}};
  call c;
  if (!call_begin(&c, "widen", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t status = SAX_OK;
  if (expects_halves(&c, 0, 1)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_widen(call_data(&c, 0), element_count(&c.values[1].array), call_data(&c, 1));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

PyMethodDef wire_methods[] = {
  METHOD("narrow", narrow, "float32 to the bytes of bfloat16."),
  METHOD("widen", widen, "The bytes of bfloat16 to float32."),
  {NULL, NULL, 0, NULL},
};
