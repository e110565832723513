#include "calls.h"
#include "errors.h"

enum { WEIGHT_RANK = 6, BIAS_RANK = 3 };

/* Takes sizes from x and the last four extents of w, OIHW, and checks that w has weights for every output position.
 * `first`: the argument followed by stride and padding. */
static bool read_sizes(const call *c, extents x, int w, int first, sax_conv2d_shape *shape, extents *y) {
  const Py_ssize_t *stride = c->values[first].integers, *padding = c->values[first + 1].integers;
  const Py_ssize_t *weights = c->values[w].array.shape;
  *shape = (sax_conv2d_shape){x.batch,   x.channels, x.height,   x.width,    weights[2], weights[4], weights[5],
                              stride[0], stride[1],  padding[0], padding[1], padding[2], padding[3], 1};
  *y = (extents){.batch = x.batch, .channels = weights[2]};
  if (!succeeded(sax_locally_connected2d_output_size(shape, &y->height, &y->width))) return false;
  const Py_ssize_t expected[] = {(Py_ssize_t)y->height, (Py_ssize_t)y->width, weights[2], (Py_ssize_t)x.channels,
                                 weights[4],            weights[5]};
  return call_expects(c, w, WEIGHT_RANK, expected);
}

static PyObject *locally_connected2d(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X, W, B, STRIDE, PADDING, RELU, TENSOR_LAYOUT, OUT };
  static const argument table[] = {{"x", INPUT, 4},
                                   {"w", INPUT, WEIGHT_RANK},
                                   {"b", INPUT, BIAS_RANK, true},
                                   {"stride", INTEGERS, 2},
                                   {"padding", INTEGERS, 4},
                                   {"relu", FLAG},
                                   {"layout", LAYOUT},
                                   {"out", OUTPUT, 4}};
  call c;
  if (!call_begin(&c, "locally_connected2d", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  extents y;
  sax_conv2d_shape shape;
  if (read_sizes(&c, call_extents(&c, X, layout), W, STRIDE, &shape, &y) &&
      call_expects(&c, B, BIAS_RANK, c.values[W].array.shape) && call_expects_extents(&c, OUT, y, layout)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_locally_connected2d(&shape, call_data(&c, X), call_data(&c, W), call_data(&c, B),
                                     c.values[RELU].flag, layout, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *locally_connected2d_backward(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { DY, X, W, STRIDE, PADDING, TENSOR_LAYOUT, DX, DW, DB };
  static const argument table[] = {{"dy", INPUT, 4},
                                   {"x", INPUT, 4},
                                   {"w", INPUT, WEIGHT_RANK},
                                   {"stride", INTEGERS, 2},
                                   {"padding", INTEGERS, 4},
                                   {"layout", LAYOUT},
                                   {"dx", OUTPUT, 4, true},
                                   {"dw", OUTPUT, WEIGHT_RANK, true},
                                   {"db", OUTPUT, BIAS_RANK, true}};
  call c;
  if (!call_begin(&c, "locally_connected2d_backward", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  extents y;
  sax_conv2d_shape shape;
  if (read_sizes(&c, call_extents(&c, X, layout), W, STRIDE, &shape, &y) && call_expects_extents(&c, DY, y, layout) &&
      call_expects_shape_of(&c, DX, X) && call_expects_shape_of(&c, DW, W) &&
      call_expects(&c, DB, BIAS_RANK, c.values[W].array.shape)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_locally_connected2d_backward(&shape, call_data(&c, DY), call_data(&c, X), call_data(&c, W), layout,
                                              call_data(&c, DX), call_data(&c, DW), call_data(&c, DB));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

PyMethodDef locally_connected_methods[] = {
  METHOD("locally_connected2d", locally_connected2d, "Convolution with weights of its own at every output position."),
  METHOD("locally_connected2d_backward", locally_connected2d_backward, "Gradients of locally_connected2d."),
  {NULL, NULL, 0, NULL},
};
