#include "calls.h"
#include "errors.h"

/* `weights`: the four extents of w, OIHW. `first`: the argument followed by stride, padding and groups. */
static bool read_shape(const call *c, extents x, const Py_ssize_t *weights, int first, sax_conv2d_shape *shape) {
  const Py_ssize_t *stride = c->values[first].integers, *padding = c->values[first + 1].integers;
  int64_t groups = c->values[first + 2].integer;
  *shape = (sax_conv2d_shape){x.batch,     x.channels, x.height,   x.width,    weights[0], weights[2], weights[3],
                              stride[0],   stride[1],  padding[0], padding[1], padding[2], padding[3], groups};
  if (groups < 1 || x.channels % groups || weights[0] % groups) {
    PyErr_Format(PyExc_ValueError, "%s: groups is %lld, expected a divisor of %lld input and %zd output channels",
                 c->operation, (long long)groups, (long long)x.channels, weights[0]);
    return false;
  }
  if (weights[1] == x.channels / groups) return true;
  char came[SHAPE_TEXT];
  shape_text(came, 4, weights);
  PyErr_Format(PyExc_ValueError, "%s: w has shape %s, expected in-channels %lld/%lld = %lld", c->operation, came,
               (long long)x.channels, (long long)groups, (long long)(x.channels / groups));
  return false;
}

static bool read_sizes(const call *c, extents x, const Py_ssize_t *weights, int first, sax_conv2d_shape *shape,
                       extents *y) {
  *y = (extents){.batch = x.batch, .channels = weights[0]};
  return read_shape(c, x, weights, first, shape) && succeeded(sax_conv2d_output_size(shape, &y->height, &y->width));
}

static PyObject *conv2d_output_size(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X_SHAPE, W_SHAPE, STRIDE, PADDING, GROUPS, TENSOR_LAYOUT };
  static const argument table[] = {{"x_shape", INTEGERS, 4}, {"w_shape", INTEGERS, 4}, {"stride", INTEGERS, 2},
                                   {"padding", INTEGERS, 4}, {"groups", INTEGER},      {"layout", LAYOUT}};
  call c;
  if (!call_begin(&c, "conv2d", table, LENGTH(table), arguments, given, keywords)) return NULL;
  extents x = extents_of(c.values[X_SHAPE].integers, c.values[TENSOR_LAYOUT].layout), y;
  sax_conv2d_shape shape;
  if (!read_sizes(&c, x, c.values[W_SHAPE].integers, STRIDE, &shape, &y)) return NULL;
  return Py_BuildValue("(LL)", (long long)y.height, (long long)y.width);
}

static PyObject *conv2d(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X, W, B, STRIDE, PADDING, GROUPS, RELU, TENSOR_LAYOUT, OUT };
  static const argument table[] = {
    {"x", INPUT, 4},          {"w", INPUT, 4},     {"b", INPUT, 1, true}, {"stride", INTEGERS, 2},
    {"padding", INTEGERS, 4}, {"groups", INTEGER}, {"relu", FLAG},        {"layout", LAYOUT},
    {"out", OUTPUT, 4}};
  call c;
  if (!call_begin(&c, "conv2d", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  const Py_ssize_t *weights = c.values[W].array.shape;
  extents y;
  sax_conv2d_shape shape;
  if (read_sizes(&c, call_extents(&c, X, layout), weights, STRIDE, &shape, &y) && call_expects(&c, B, 1, weights) &&
      call_expects_extents(&c, OUT, y, layout)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_conv2d(&shape, call_data(&c, X), call_data(&c, W), call_data(&c, B), c.values[RELU].flag, layout,
                        call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *conv2d_backward(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { DY, X, W, STRIDE, PADDING, GROUPS, TENSOR_LAYOUT, DX, DW, DB };
  static const argument table[] = {
    {"dy", INPUT, 4},         {"x", INPUT, 4},     {"w", INPUT, 4},    {"stride", INTEGERS, 2},
    {"padding", INTEGERS, 4}, {"groups", INTEGER}, {"layout", LAYOUT}, {"dx", OUTPUT, 4, true},
    {"dw", OUTPUT, 4, true},  {"db", OUTPUT, 1, true}};
  call c;
  if (!call_begin(&c, "conv2d_backward", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  const Py_ssize_t *weights = c.values[W].array.shape;
  extents y;
  sax_conv2d_shape shape;
  if (read_sizes(&c, call_extents(&c, X, layout), weights, STRIDE, &shape, &y) &&
      call_expects_extents(&c, DY, y, layout) && call_expects_shape_of(&c, DX, X) && call_expects_shape_of(&c, DW, W) &&
      call_expects(&c, DB, 1, weights)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_conv2d_backward(&shape, call_data(&c, DY), call_data(&c, X), call_data(&c, W), layout,
                                 call_data(&c, DX), call_data(&c, DW), call_data(&c, DB));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

PyMethodDef convolution_methods[] = {
  METHOD("conv2d_output_size", conv2d_output_size, "Height and width of a convolution's output."),
  METHOD("conv2d", conv2d, "Convolution."),
  METHOD("conv2d_backward", conv2d_backward, "Gradients of a convolution."),
  {NULL, NULL, 0, NULL},
};
