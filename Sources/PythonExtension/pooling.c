#include "calls.h"
#include "errors.h"

/* `first`: the first of the arguments kernel, stride, padding, ceil_mode and, for average pooling,
 * count_include_pad. */
static bool read_sizes(const call *c, extents x, int first, bool average, sax_pool2d_shape *shape, extents *y) {
  const Py_ssize_t *kernel = c->values[first].integers, *stride = c->values[first + 1].integers;
  const Py_ssize_t *padding = c->values[first + 2].integers;
  *shape = (sax_pool2d_shape){
    .batch = x.batch, .channels = x.channels, .height = x.height, .width = x.width,
    .kernel_height = kernel[0], .kernel_width = kernel[1], .stride_height = stride[0], .stride_width = stride[1],
    .pad_top = padding[0], .pad_left = padding[1], .pad_bottom = padding[2], .pad_right = padding[3],
    .ceil_mode = c->values[first + 3].flag, .count_include_pad = average && c->values[first + 4].flag};
  *y = (extents){.batch = x.batch, .channels = x.channels};
  return succeeded(sax_pool2d_output_size(shape, &y->height, &y->width));
}

static PyObject *pool2d_output_size(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X_SHAPE, KERNEL, STRIDE, PADDING, CEIL_MODE, TENSOR_LAYOUT };
  static const argument table[] = {{"x_shape", INTEGERS, 4}, {"kernel", INTEGERS, 2}, {"stride", INTEGERS, 2},
                                   {"padding", INTEGERS, 4}, {"ceil_mode", FLAG},     {"layout", LAYOUT}};
  call c;
  if (!call_begin(&c, "pool2d", table, LENGTH(table), arguments, given, keywords)) return NULL;
  extents x = extents_of(c.values[X_SHAPE].integers, c.values[TENSOR_LAYOUT].layout), y;
  sax_pool2d_shape shape;
  if (!read_sizes(&c, x, KERNEL, false, &shape, &y)) return NULL;
  return Py_BuildValue("(LL)", (long long)y.height, (long long)y.width);
}

static PyObject *max_pool2d(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X, KERNEL, STRIDE, PADDING, CEIL_MODE, TENSOR_LAYOUT, OUT };
  static const argument table[] = {{"x", INPUT, 4},          {"kernel", INTEGERS, 2}, {"stride", INTEGERS, 2},
                                   {"padding", INTEGERS, 4}, {"ceil_mode", FLAG},     {"layout", LAYOUT},
                                   {"out", OUTPUT, 4}};
  call c;
  if (!call_begin(&c, "max_pool2d", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  extents y;
  sax_pool2d_shape shape;
  if (read_sizes(&c, call_extents(&c, X, layout), KERNEL, false, &shape, &y) &&
      call_expects_extents(&c, OUT, y, layout)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_max_pool2d(&shape, call_data(&c, X), layout, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *max_pool2d_backward(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { DY, X, KERNEL, STRIDE, PADDING, CEIL_MODE, TENSOR_LAYOUT, OUT };
  static const argument table[] = {{"dy", INPUT, 4},       {"x", INPUT, 4},          {"kernel", INTEGERS, 2},
                                   {"stride", INTEGERS, 2}, {"padding", INTEGERS, 4}, {"ceil_mode", FLAG},
                                   {"layout", LAYOUT},      {"out", OUTPUT, 4}};
  call c;
  if (!call_begin(&c, "max_pool2d_backward", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  extents y;
  sax_pool2d_shape shape;
  if (read_sizes(&c, call_extents(&c, X, layout), KERNEL, false, &shape, &y) &&
      call_expects_extents(&c, DY, y, layout) && call_expects_shape_of(&c, OUT, X)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_max_pool2d_backward(&shape, call_data(&c, DY), call_data(&c, X), layout, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *avg_pool2d(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X, KERNEL, STRIDE, PADDING, CEIL_MODE, COUNT, TENSOR_LAYOUT, OUT };
  static const argument table[] = {{"x", INPUT, 4},          {"kernel", INTEGERS, 2}, {"stride", INTEGERS, 2},
                                   {"padding", INTEGERS, 4}, {"ceil_mode", FLAG},     {"count_include_pad", FLAG},
                                   {"layout", LAYOUT},       {"out", OUTPUT, 4}};
  call c;
  if (!call_begin(&c, "avg_pool2d", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  extents y;
  sax_pool2d_shape shape;
  if (read_sizes(&c, call_extents(&c, X, layout), KERNEL, true, &shape, &y) &&
      call_expects_extents(&c, OUT, y, layout)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_avg_pool2d(&shape, call_data(&c, X), layout, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *avg_pool2d_backward(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { DY, X_SHAPE, KERNEL, STRIDE, PADDING, CEIL_MODE, COUNT, TENSOR_LAYOUT, OUT };
  static const argument table[] = {
    {"dy", INPUT, 4},         {"x_shape", INTEGERS, 4}, {"kernel", INTEGERS, 2},          {"stride", INTEGERS, 2},
    {"padding", INTEGERS, 4}, {"ceil_mode", FLAG},      {"count_include_pad", FLAG}, {"layout", LAYOUT},
    {"out", OUTPUT, 4}};
  call c;
  if (!call_begin(&c, "avg_pool2d_backward", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  extents x = extents_of(c.values[X_SHAPE].integers, layout), y;
  sax_pool2d_shape shape;
  if (read_sizes(&c, x, KERNEL, true, &shape, &y) && call_expects_extents(&c, DY, y, layout) &&
      call_expects(&c, OUT, 4, c.values[X_SHAPE].integers)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_avg_pool2d_backward(&shape, call_data(&c, DY), layout, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

PyMethodDef pooling_methods[] = {
  METHOD("pool2d_output_size", pool2d_output_size, "Height and width of a pooling's output."),
  METHOD("max_pool2d", max_pool2d, "Largest value of each window."),
  METHOD("max_pool2d_backward", max_pool2d_backward, "Gradient of max pooling."),
  METHOD("avg_pool2d", avg_pool2d, "Mean of each window."),
  METHOD("avg_pool2d_backward", avg_pool2d_backward, "Gradient of average pooling."),
  {NULL, NULL, 0, NULL},
};
