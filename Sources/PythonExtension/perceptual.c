#include "calls.h"
#include "errors.h"

static sax_feature_maps read_maps(const call *c, int x, int32_t layout) {
  extents e = call_extents(c, x, layout);
  return (sax_feature_maps){e.batch, e.channels, e.height, e.width};
}

/* False with a ValueError unless an array has a number for each channel. */
static bool has_channels(const call *c, int index, sax_feature_maps maps) {
  return call_expects(c, index, 1, (Py_ssize_t[]){(Py_ssize_t)maps.channels});
}

/* False with a ValueError unless an array has a number for each pixel. */
static bool has_pixels(const call *c, int index, sax_feature_maps maps) {
  return call_expects(c, index, 3,
                      (Py_ssize_t[]){(Py_ssize_t)maps.batch, (Py_ssize_t)maps.height, (Py_ssize_t)maps.width});
}

static PyObject *perceptual_distance(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X, Y, WEIGHTS, TENSOR_LAYOUT, PER_PIXEL, MEANS };
  static const argument table[] = {{"x", INPUT, 4},       {"y", INPUT, 4},           {"weights", INPUT, 1},
                                   {"layout", LAYOUT},    {"per_pixel", OUTPUT, 3, true}, {"means", OUTPUT, 1, true}};
  call c;
  if (!call_begin(&c, "perceptual_distance", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  sax_feature_maps maps = read_maps(&c, X, layout);
  if (call_expects_shape_of(&c, Y, X) && has_channels(&c, WEIGHTS, maps) && has_pixels(&c, PER_PIXEL, maps) &&
      call_expects(&c, MEANS, 1, (Py_ssize_t[]){(Py_ssize_t)maps.batch})) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_perceptual_distance(&maps, call_data(&c, X), call_data(&c, Y), call_data(&c, WEIGHTS), layout,
                                     call_data(&c, PER_PIXEL), call_data(&c, MEANS));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *perceptual_distance_backward(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { DY, X, Y, WEIGHTS, TENSOR_LAYOUT, OUT };
  static const argument table[] = {{"dy", INPUT, 3},      {"x", INPUT, 4},    {"y", INPUT, 4},
                                   {"weights", INPUT, 1}, {"layout", LAYOUT}, {"out", OUTPUT, 4}};
  call c;
  if (!call_begin(&c, "perceptual_distance_backward", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  sax_feature_maps maps = read_maps(&c, X, layout);
  if (call_expects_shape_of(&c, Y, X) && has_channels(&c, WEIGHTS, maps) && has_pixels(&c, DY, maps) &&
      call_expects_shape_of(&c, OUT, X)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_perceptual_distance_backward(&maps, call_data(&c, DY), call_data(&c, X), call_data(&c, Y),
                                              call_data(&c, WEIGHTS), layout, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *perceptual_embedding(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X, WEIGHTS, TENSOR_LAYOUT, OUT };
  static const argument table[] = {{"x", INPUT, 4}, {"weights", INPUT, 1}, {"layout", LAYOUT}, {"out", OUTPUT, 4}};
  call c;
  if (!call_begin(&c, "perceptual_embedding", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  sax_feature_maps maps = read_maps(&c, X, layout);
  if (has_channels(&c, WEIGHTS, maps) && call_expects_shape_of(&c, OUT, X)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_perceptual_embedding(&maps, call_data(&c, X), call_data(&c, WEIGHTS), layout, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *squared_distances(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { X, Y, OUT };
  static const argument table[] = {{"x", INPUT, 2}, {"y", INPUT, 2, true}, {"out", OUTPUT, 2}};
  call c;
  if (!call_begin(&c, "squared_distances", table, LENGTH(table), arguments, given, keywords)) return NULL;
  const Py_ssize_t *x = c.values[X].array.shape;
  Py_ssize_t columns = call_data(&c, Y) ? c.values[Y].array.shape[0] : x[0];
  int32_t status = SAX_OK;
  if (call_expects(&c, Y, 2, (Py_ssize_t[]){columns, x[1]}) &&
      call_expects(&c, OUT, 2, (Py_ssize_t[]){x[0], columns})) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_squared_distances(call_data(&c, X), x[0], call_data(&c, Y), columns, x[1], call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

PyMethodDef perceptual_methods[] = {
  METHOD("perceptual_distance", perceptual_distance, "Weighted distance of two feature maps of unit length."),
  METHOD("perceptual_distance_backward", perceptual_distance_backward, "Gradient of perceptual_distance."),
  METHOD("perceptual_embedding", perceptual_embedding, "Features whose squared distances are perceptual."),
  METHOD("squared_distances", squared_distances, "Squared Euclidean distances of all pairs of rows."),
  {NULL, NULL, 0, NULL},
};
