#include "calls.h"
#include "errors.h"

/* `first`: the first of the arguments size, alpha, beta, k and alpha_over_n. */
static sax_response_norm read_norm(const call *c, extents x, int first) {
  const argument_value *v = &c->values[first];
  return (sax_response_norm){x.batch,     x.channels,  x.height,    x.width,  v[0].integer,
                             v[1].number, v[2].number, v[3].number, v[4].flag};
}

typedef int32_t (*normalization)(const sax_response_norm *norm, const float *x, int32_t layout, float *y);

static PyObject *normalize(const char *operation, normalization function, ARGUMENTS) {
  enum { X, SIZE, ALPHA, BETA, K, ALPHA_OVER_N, TENSOR_LAYOUT, OUT };
  static const argument table[] = {{"x", INPUT, 4}, {"size", INTEGER},      {"alpha", NUMBER},  {"beta", NUMBER},
                                   {"k", NUMBER},   {"alpha_over_n", FLAG}, {"layout", LAYOUT}, {"out", OUTPUT, 4}};
  call c;
  if (!call_begin(&c, operation, table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  sax_response_norm norm = read_norm(&c, call_extents(&c, X, layout), SIZE);
  if (call_expects_shape_of(&c, OUT, X)) {
    Py_BEGIN_ALLOW_THREADS
    status = function(&norm, call_data(&c, X), layout, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

typedef int32_t (*normalization_gradient)(const sax_response_norm *norm, const float *dy, const float *x,
                                          int32_t layout, float *dx);

static PyObject *normalize_backward(const char *operation, normalization_gradient function, ARGUMENTS) {
  enum { DY, X, SIZE, ALPHA, BETA, K, ALPHA_OVER_N, TENSOR_LAYOUT, OUT };
  static const argument table[] = {{"dy", INPUT, 4}, {"x", INPUT, 4}, {"size", INTEGER},      {"alpha", NUMBER},
                                   {"beta", NUMBER}, {"k", NUMBER},   {"alpha_over_n", FLAG}, {"layout", LAYOUT},
                                   {"out", OUTPUT, 4}};
  call c;
  if (!call_begin(&c, operation, table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  sax_response_norm norm = read_norm(&c, call_extents(&c, X, layout), SIZE);
  if (call_expects_shape_of(&c, DY, X) && call_expects_shape_of(&c, OUT, X)) {
    Py_BEGIN_ALLOW_THREADS
    status = function(&norm, call_data(&c, DY), call_data(&c, X), layout, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *local_response_norm(PyObject *self, ARGUMENTS) {
  (void)self;
  return normalize("local_response_norm", sax_local_response_norm, arguments, given, keywords);
}

static PyObject *local_response_norm_backward(PyObject *self, ARGUMENTS) {
  (void)self;
  return normalize_backward("local_response_norm_backward", sax_local_response_norm_backward, arguments, given,
                            keywords);
}

static PyObject *spatial_response_norm(PyObject *self, ARGUMENTS) {
  (void)self;
  return normalize("spatial_response_norm", sax_spatial_response_norm, arguments, given, keywords);
}

static PyObject *spatial_response_norm_backward(PyObject *self, ARGUMENTS) {
  (void)self;
  return normalize_backward("spatial_response_norm_backward", sax_spatial_response_norm_backward, arguments, given,
                            keywords);
}

PyMethodDef normalization_methods[] = {
  METHOD("local_response_norm", local_response_norm, "Response normalisation across channels."),
  METHOD("local_response_norm_backward", local_response_norm_backward, "Gradient of response normalisation."),
  METHOD("spatial_response_norm", spatial_response_norm, "Response normalisation within each map."),
  METHOD("spatial_response_norm_backward", spatial_response_norm_backward, "Gradient of spatial_response_norm."),
  {NULL, NULL, 0, NULL},
};
