/* tensors.c: a network on float32 tensors. */
#include "errors.h"
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
  PyObject *name_tuple, *output_tuple; /* owned references to the caller's sequences */
  Py_ssize_t count;
  const char **names;
  float **data;
  Py_buffer *buffers;
} captures;

static void captures_end(captures *s) {
  for (Py_ssize_t i = 0; s->buffers && i < s->count; i++) array_give_back(&s->buffers[i]);
  PyMem_Free(s->names);
  PyMem_Free(s->data);
  PyMem_Free(s->buffers);
  Py_XDECREF(s->name_tuple);
  Py_XDECREF(s->output_tuple);
}

static bool captures_begin(captures *s, PyObject *names, PyObject *outputs, const network_object *network) {
  *s = (captures){0};
  if (PyUnicode_Check(names)) return refuse_type("capture", "names", names, "a sequence of str");
  if (!(s->name_tuple = PySequence_Tuple(names))) return refuse_type("capture", "names", names, "a sequence of str");
  if (!(s->output_tuple = PySequence_Tuple(outputs))) {
    return refuse_type("capture", "outputs", outputs, "a sequence of arrays");
  }
  Py_ssize_t count = PyTuple_Size(s->name_tuple), arrays = PyTuple_Size(s->output_tuple);
  if (count < 1 || count > network->node_count || count != arrays) {
    PyErr_Format(PyExc_ValueError, "capture: got %zd names and %zd outputs, expected equal numbers, 1 to %lld", count,
                 arrays, (long long)network->node_count);
    return false;
  }
  s->names = PyMem_Calloc((size_t)count, sizeof *s->names);
  s->data = PyMem_Calloc((size_t)count, sizeof *s->data);
  s->buffers = PyMem_Calloc((size_t)count, sizeof *s->buffers);
  s->count = count;
  return (s->names && s->data && s->buffers) || PyErr_NoMemory() != NULL;
}

static const sax_node *find_node(const network_object *network, const char *operation, PyObject *name) {
  if (!PyUnicode_Check(name)) return refuse_type(operation, "a name", name, "a str"), NULL;
  for (int64_t i = 0; i < network->node_count; i++) {
    if (PyUnicode_CompareWithASCIIString(name, network->nodes[i].name) == 0) return &network->nodes[i];
  }
  PyErr_Format(PyExc_ValueError, "%s: there is no node %R", operation, name);
  return NULL;
}

/* A vector is [batch][channels], an image [batch] × its shape. */
static bool has_shape_of_node(const Py_buffer *buffer, const char *operation, const sax_node *node, int64_t batch,
                              int32_t layout) {
  if (buffer->ndim == 2 && node->height == 1 && node->width == 1) {
    return array_has_shape(buffer, operation, node->name, 2, (Py_ssize_t[]){batch, node->channels});
  }
  return array_has_extents(buffer, operation, node->name,
                           (extents){batch, node->channels, node->height, node->width}, layout);
}

const sax_node *call_features(const call *c, int index, int name, const network_object *network, int32_t layout) {
  const Py_buffer *features = &c->values[index].array;
  int64_t batch = features->ndim ? features->shape[0] : 1;
  const sax_node *node = find_node(network, c->operation, c->values[name].object);
  return node && has_shape_of_node(features, c->operation, node, batch, layout) ? node : NULL;
}

static bool capture_one(captures *s, Py_ssize_t i, const call *c, const network_object *network, int64_t batch,
                        int32_t layout) {
  const sax_node *node = find_node(network, "capture", PyTuple_GetItem(s->name_tuple, i));
  if (!node) return false;
  PyObject *output = PyTuple_GetItem(s->output_tuple, i);
  if (!array_borrow(output, "capture", node->name, ELEMENT_FLOAT32, ANY_RANK, true, &s->buffers[i])) return false;
  s->names[i] = node->name;
  s->data[i] = s->buffers[i].buf;
  if (!has_shape_of_node(&s->buffers[i], "capture", node, batch, layout)) return false;
  for (Py_ssize_t k = 0; k < i; k++) {
    if (!arrays_overlap(&s->buffers[i], &s->buffers[k])) continue;
    PyErr_Format(PyExc_ValueError, "capture: %s overlaps %s, expected separate memory", node->name, s->names[k]);
    return false;
  }
  return call_is_apart(c, &s->buffers[i], node->name);
}

static PyObject *network_capture(PyObject *object, ARGUMENTS) {
  enum { X, TENSOR_LAYOUT, NAMES, ARITHMETIC, OUTPUTS };
  static const argument table[] = {{"x", INPUT, 4}, {"layout", LAYOUT}, {"names", OBJECT}, {"arithmetic", INTEGERS, 3},
                                   {"outputs", OBJECT}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "capture", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  int64_t batch = c.values[X].array.shape[0];
  sax_arithmetic arithmetic = call_arithmetic(&c, ARITHMETIC);
  captures s;
  bool sound = captures_begin(&s, c.values[NAMES].object, c.values[OUTPUTS].object, self) &&
               call_expects_input(&c, X, self, batch, layout);
  for (Py_ssize_t i = 0; sound && i < s.count; i++) sound = capture_one(&s, i, &c, self, batch, layout);
  if (sound) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_capture(self->handle, call_data(&c, X), batch, layout, s.names, s.count, &arithmetic,
                                 s.data);
    Py_END_ALLOW_THREADS
  }
  captures_end(&s);
  return call_result(&c, status);
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
  METHOD("non_finite_cause", network_non_finite_cause, "Why outputs for an image are not finite, in words."),
  METHOD("backward", network_backward, "Gradients of the last kept forward."),
  {NULL, NULL, 0, NULL},
};
