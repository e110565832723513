#include "calls.h"
#include "errors.h"

/* y of an array of any shape, element by element. */
typedef int32_t (*activation)(const float *x, int64_t count, float *y);

static PyObject *activate(const char *operation, activation function, ARGUMENTS) {
  enum { X, OUT };
  static const argument table[] = {{"x", INPUT}, {"out", OUTPUT}};
  call c;
  if (!call_begin(&c, operation, table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t count = element_count(&c.values[X].array);
  int32_t status = SAX_OK;
  if (call_expects_shape_of(&c, OUT, X)) {
    Py_BEGIN_ALLOW_THREADS
    status = function(call_data(&c, X), count, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

typedef int32_t (*activation_gradient)(const float *dy, const float *x, int64_t count, float *dx);

static PyObject *activate_backward(const char *operation, activation_gradient function, ARGUMENTS) {
  enum { DY, X, OUT };
  static const argument table[] = {{"dy", INPUT}, {"x", INPUT}, {"out", OUTPUT}};
  call c;
  if (!call_begin(&c, operation, table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t count = element_count(&c.values[X].array);
  int32_t status = SAX_OK;
  if (call_expects_shape_of(&c, DY, X) && call_expects_shape_of(&c, OUT, X)) {
    Py_BEGIN_ALLOW_THREADS
    status = function(call_data(&c, DY), call_data(&c, X), count, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *relu(PyObject *self, ARGUMENTS) {
  (void)self;
  return activate("relu", sax_relu, arguments, given, keywords);
}

static PyObject *relu_backward(PyObject *self, ARGUMENTS) {
  (void)self;
  return activate_backward("relu_backward", sax_relu_backward, arguments, given, keywords);
}

static PyObject *hyperbolic_tangent(PyObject *self, ARGUMENTS) {
  (void)self;
  return activate("tanh", sax_tanh, arguments, given, keywords);
}

static PyObject *hyperbolic_tangent_backward(PyObject *self, ARGUMENTS) {
  (void)self;
  return activate_backward("tanh_backward", sax_tanh_backward, arguments, given, keywords);
}

static PyObject *sigmoid(PyObject *self, ARGUMENTS) {
  (void)self;
  return activate("sigmoid", sax_sigmoid, arguments, given, keywords);
}

static PyObject *sigmoid_backward(PyObject *self, ARGUMENTS) {
  (void)self;
  return activate_backward("sigmoid_backward", sax_sigmoid_backward, arguments, given, keywords);
}

static PyObject *dropout(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X, PROBABILITY, INVERTED, TRAINING, MASK_SEED, STEP, OUT };
  static const argument table[] = {{"x", INPUT},   {"probability", NUMBER}, {"inverted", FLAG}, {"training", FLAG},
                                   {"seed", SEED}, {"step", SEED},          {"out", OUTPUT}};
  call c;
  if (!call_begin(&c, "dropout", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t form = c.values[INVERTED].flag ? SAX_DROPOUT_INVERTED : SAX_DROPOUT_PAPER, status = SAX_OK;
  int64_t count = element_count(&c.values[X].array);
  if (call_expects_shape_of(&c, OUT, X)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_dropout(call_data(&c, X), count, c.values[PROBABILITY].number, form, c.values[TRAINING].flag,
                         c.values[MASK_SEED].seed, c.values[STEP].seed, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

PyMethodDef activation_methods[] = {
  METHOD("relu", relu, "max(x, 0)."),
  METHOD("relu_backward", relu_backward, "Gradient of relu."),
  METHOD("tanh", hyperbolic_tangent, "The hyperbolic tangent."),
  METHOD("tanh_backward", hyperbolic_tangent_backward, "Gradient of tanh."),
  METHOD("sigmoid", sigmoid, "The logistic function."),
  METHOD("sigmoid_backward", sigmoid_backward, "Gradient of sigmoid."),
  METHOD("dropout", dropout, "Dropout under a mask that depends on (seed, step, element)."),
  {NULL, NULL, 0, NULL},
};
