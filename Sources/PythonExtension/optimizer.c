#include "calls.h"
#include "errors.h"

static PyObject *sgd_update(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { W, V, G, RATE, MOMENTUM, DECAY, RULE, TRUST };
  static const argument table[] = {{"w", OUTPUT},            {"v", OUTPUT},        {"g", INPUT},
                                   {"learning_rate", NUMBER}, {"momentum", NUMBER}, {"weight_decay", NUMBER},
                                   {"rule", INTEGER},        {"trust_coefficient", NUMBER}};
  call c;
  if (!call_begin(&c, "sgd_update", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t count = element_count(&c.values[W].array), rule = c.values[RULE].integer;
  int32_t status = SAX_OK;
  if (rule < SAX_RULE_PAPER || rule > SAX_RULE_LARS) {
    PyErr_Format(PyExc_ValueError, "sgd_update: rule is %lld, expected 0 (paper), 1 (PyTorch), 2 (Caffe) or 3 (LARS)",
                 (long long)rule);
  } else if (call_expects_shape_of(&c, V, W) && call_expects_shape_of(&c, G, W)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_sgd_update(call_data(&c, W), call_data(&c, V), call_data(&c, G), count, c.values[RATE].number,
                            c.values[MOMENTUM].number, c.values[DECAY].number, (int32_t)rule,
                            c.values[TRUST].number);
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

PyMethodDef optimizer_methods[] = {
  METHOD("sgd_update", sgd_update, "One update of w and v in place."),
  {NULL, NULL, 0, NULL},
};
