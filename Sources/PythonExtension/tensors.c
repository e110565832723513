/* tensors.c: a network on float32 tensors. */
#include "errors.h"
#include "named_arrays.h"
#include "networks.h"

static bool expects_logits(const call *c, int index, const network_object *network, int64_t batch) {
  return call_expects(c, index, 2, (Py_ssize_t[]){(Py_ssize_t)batch, (Py_ssize_t)network_classes(network)});
}

static PyObject *network_forward(PyObject *object, ARGUMENTS) {
  enum { X, TENSOR_LAYOUT, KEEP, TRAINING, DROPOUT_SEED, STEP, ARITHMETIC, LOGITS };
  static const argument table[] = {{"x", INPUT, 4}, {"layout", LAYOUT}, {"keep", FLAG},
                                   {"training", FLAG}, {"seed", SEED}, {"step", SEED},
                                   {"arithmetic", INTEGERS, 3}, {"logits", OUTPUT, 2}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "forward", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  int64_t batch = c.values[X].array.shape[0];
  sax_arithmetic arithmetic = call_arithmetic(&c, ARITHMETIC);
  if (call_expects_input(&c, X, self, batch, layout) && expects_logits(&c, LOGITS, self, batch)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_forward(self->handle, call_data(&c, X), batch, layout, c.values[KEEP].flag,
                                 c.values[TRAINING].flag, c.values[DROPOUT_SEED].seed, c.values[STEP].seed,
                                 &arithmetic, call_data(&c, LOGITS));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *network_backward(PyObject *object, ARGUMENTS) {
  enum { DLOGITS, TENSOR_LAYOUT, ACCUMULATE, DX };
  static const argument table[] = {
    {"dlogits", INPUT, 2}, {"layout", LAYOUT}, {"accumulate", FLAG}, {"dx", OUTPUT, 4, true}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "backward", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  int64_t batch = c.values[DLOGITS].array.shape[0];
  if (expects_logits(&c, DLOGITS, self, batch) && call_expects_input(&c, DX, self, batch, layout)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_backward(self->handle, call_data(&c, DLOGITS), batch, layout, c.values[ACCUMULATE].flag,
                                  call_data(&c, DX));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

/* ---- Capture ---- */

typedef struct {
  sax_network *network;
  extents images;
} sized_network;

static int32_t shape_for_images(const void *owner, const char *node, int64_t shape[3]) {
  const sized_network *sized = owner;
  return sax_network_get_output_shape(sized->network, node, sized->images.height, sized->images.width, shape);
}

static PyObject *network_capture(PyObject *object, ARGUMENTS) {
  enum { X, TENSOR_LAYOUT, NAMES, ARITHMETIC, OUTPUTS };
  static const argument table[] = {{"x", INPUT, 4}, {"layout", LAYOUT}, {"names", OBJECT}, {"arithmetic", INTEGERS, 3},
                                   {"outputs", OBJECT}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "capture", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  extents images = call_extents(&c, X, layout);
  sized_network sized = {self->handle, images};
  sax_arithmetic arithmetic = call_arithmetic(&c, ARITHMETIC);
  named_arrays outputs;
  bool sound = named_arrays_begin(&outputs, "capture", c.values[NAMES].object, "outputs", c.values[OUTPUTS].object) &&
               call_expects_channels(&c, X, self, layout) &&
               named_arrays_borrow(&outputs, &c, true, images.batch, layout, shape_for_images, &sized);
  if (sound) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_capture(self->handle, call_data(&c, X), images.batch, images.height, images.width, layout,
                                 outputs.names, outputs.count, &arithmetic, outputs.data);
    Py_END_ALLOW_THREADS
  }
  named_arrays_end(&outputs);
  return call_result(&c, status);
}

/* The outputs of nodes behind the one that the features are of: images have the network's own size. */
static PyObject *network_capture_features(PyObject *object, ARGUMENTS) {
  enum { NODE, FEATURES, TENSOR_LAYOUT, NAMES, ARITHMETIC, OUTPUTS };
  static const argument table[] = {{"node", TEXT}, {"features", INPUT}, {"layout", LAYOUT}, {"names", OBJECT},
                                   {"arithmetic", INTEGERS, 3}, {"outputs", OBJECT}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "capture", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  sized_network sized = {self->handle, network_input(self, 1)};
  sax_arithmetic arithmetic = call_arithmetic(&c, ARITHMETIC);
  const Py_buffer *features = &c.values[FEATURES].array;
  const sax_node *node = call_features(&c, FEATURES, NODE, self, layout);
  named_arrays outputs = {0};
  bool sound = node &&
               named_arrays_begin(&outputs, "capture", c.values[NAMES].object, "outputs", c.values[OUTPUTS].object) &&
               named_arrays_borrow(&outputs, &c, true, features->shape[0], layout, shape_for_images, &sized);
  if (sound) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_capture_features(self->handle, node->name, features->buf, features->shape[0], layout,
                                          outputs.names, outputs.count, &arithmetic, outputs.data);
    Py_END_ALLOW_THREADS
  }
  named_arrays_end(&outputs);
  return call_result(&c, status);
}

static PyObject *network_output_shape(PyObject *object, ARGUMENTS) {
  static const argument table[] = {{"node", TEXT}, {"height", INTEGER}, {"width", INTEGER}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "output_shape", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t shape[3];
  int32_t status = sax_network_get_output_shape(self->handle, c.values[0].text, c.values[1].integer,
                                                c.values[2].integer, shape);
  call_end(&c);
  return succeeded(status) ? new_shape(shape) : NULL;
}

static PyObject *network_non_finite_cause(PyObject *object, ARGUMENTS) {
  enum { X, TENSOR_LAYOUT, ARITHMETIC };
  static const argument table[] = {{"x", INPUT, 4}, {"layout", LAYOUT}, {"arithmetic", INTEGERS, 3}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "non_finite_cause", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  sax_arithmetic arithmetic = call_arithmetic(&c, ARITHMETIC);
  char text[512];
  bool sound = call_expects_input(&c, X, self, 1, layout);
  if (sound) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_non_finite_cause(self->handle, call_data(&c, X), layout, &arithmetic, text, sizeof text);
    Py_END_ALLOW_THREADS
  }
  call_end(&c);
  return sound && succeeded(status) ? PyUnicode_FromString(text) : NULL;
}

PyMethodDef network_tensor_methods[] = {
  METHOD("forward", network_forward, "Logits of a batch."),
  METHOD("capture", network_capture, "Outputs of named nodes."),
  METHOD("capture_features", network_capture_features, "Outputs of named nodes, from those of another."),
  METHOD("output_shape", network_output_shape, "Channels, height, width of a node's output for images of a size."),
  METHOD("non_finite_cause", network_non_finite_cause, "Why outputs for an image are not finite, in words."),
  METHOD("backward", network_backward, "Gradients of the last kept forward."),
  {NULL, NULL, 0, NULL},
};
