/* linearization.c: a forward pass that is kept, and gradients from any of its nodes to any other. */
#include "errors.h"
#include "named_arrays.h"
#include "networks.h"

typedef struct {
  PyObject_HEAD
  sax_linearization *handle;
  int64_t batch;
} linearization_object;

static PyTypeObject *linearization_type;

static PyObject *new_linearization(sax_linearization *handle, int64_t batch) {
  PyTypeObject *type = linearization_type;
  linearization_object *self = (linearization_object *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
  if (!self) {
    sax_linearization_release(handle);
    return NULL;
  }
  self->handle = handle;
  self->batch = batch;
  return (PyObject *)self;
}

static PyObject *network_linearize(PyObject *object, ARGUMENTS) {
  enum { X, TENSOR_LAYOUT, NODES, WRT, ARITHMETIC };
  static const argument table[] = {{"x", INPUT, 4}, {"layout", LAYOUT}, {"nodes", OBJECT}, {"wrt", OBJECT},
                                   {"arithmetic", INTEGERS, 3}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "linearize", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  extents images = call_extents(&c, X, layout);
  sax_arithmetic arithmetic = call_arithmetic(&c, ARITHMETIC);
  sax_linearization *handle = NULL;
  named_arrays nodes = {0}, wrt = {0};
  bool sound = named_arrays_begin(&nodes, "linearize", c.values[NODES].object, "nodes", NULL) &&
               named_arrays_begin(&wrt, "linearize", c.values[WRT].object, "wrt", NULL) &&
               call_expects_channels(&c, X, self, layout);
  if (sound) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_linearize(self->handle, call_data(&c, X), images.batch, images.height, images.width, layout,
                                   nodes.names, nodes.count, wrt.names, wrt.count, &arithmetic, &handle);
    Py_END_ALLOW_THREADS
  }
  named_arrays_end(&nodes);
  named_arrays_end(&wrt);
  call_end(&c);
  if (sound && succeeded(status)) return new_linearization(handle, images.batch);
  if (handle) sax_linearization_release(handle);
  return NULL;
}

static void linearization_dealloc(PyObject *object) {
  PyTypeObject *type = Py_TYPE(object);
  sax_linearization_release(((linearization_object *)object)->handle);
  ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

static int32_t shape_of_node(const void *owner, const char *node, int64_t shape[3]) {
  return sax_linearization_get_shape((sax_linearization *)owner, node, shape);
}

static PyObject *linearization_shape(PyObject *object, ARGUMENTS) {
  static const argument table[] = {{"node", TEXT}};
  call c;
  if (!call_begin(&c, "linearize", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t shape[3];
  int32_t status = shape_of_node(((linearization_object *)object)->handle, c.values[0].text, shape);
  call_end(&c);
  return succeeded(status) ? new_shape(shape) : NULL;
}

static PyObject *linearization_activation(PyObject *object, ARGUMENTS) {
  enum { NAMES, TENSOR_LAYOUT, OUTPUTS };
  static const argument table[] = {{"names", OBJECT}, {"layout", LAYOUT}, {"outputs", OBJECT}};
  linearization_object *self = (linearization_object *)object;
  call c;
  if (!call_begin(&c, "linearize", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  named_arrays outputs;
  bool sound = named_arrays_begin(&outputs, "linearize", c.values[NAMES].object, "outputs", c.values[OUTPUTS].object) &&
               named_arrays_borrow(&outputs, &c, true, self->batch, layout, shape_of_node, self->handle);
  if (sound) {
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < outputs.count && status == SAX_OK; i++) {
      status = sax_linearization_get_activation(self->handle, outputs.names[i], layout, outputs.data[i]);
    }
    Py_END_ALLOW_THREADS
  }
  named_arrays_end(&outputs);
  return call_result(&c, status);
}

static PyObject *linearization_vjp(PyObject *object, ARGUMENTS) {
  enum { NODES, COTANGENTS, WRT, GRADIENTS, TENSOR_LAYOUT, RELU };
  static const argument table[] = {{"nodes", OBJECT}, {"cotangents", OBJECT}, {"wrt", OBJECT},
                                   {"gradients", OBJECT}, {"layout", LAYOUT}, {"relu", INTEGER}};
  linearization_object *self = (linearization_object *)object;
  call c;
  if (!call_begin(&c, "vjp", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  int64_t relu = c.values[RELU].integer;
  named_arrays cotangents = {0}, gradients = {0};
  bool sound =
    named_arrays_begin(&cotangents, "vjp", c.values[NODES].object, "cotangents", c.values[COTANGENTS].object) &&
    named_arrays_begin(&gradients, "vjp", c.values[WRT].object, "gradients", c.values[GRADIENTS].object) &&
    named_arrays_borrow(&cotangents, &c, false, self->batch, layout, shape_of_node, self->handle) &&
    named_arrays_borrow(&gradients, &c, true, self->batch, layout, shape_of_node, self->handle) &&
    named_arrays_are_apart(&gradients, &cotangents);
  if (sound) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_linearization_vjp(self->handle, cotangents.names, (const float *const *)cotangents.data,
                                   cotangents.count, gradients.names, gradients.data, gradients.count, layout,
                                   relu < INT32_MIN || relu > INT32_MAX ? -1 : (int32_t)relu);
    Py_END_ALLOW_THREADS
  }
  named_arrays_end(&cotangents);
  named_arrays_end(&gradients);
  return call_result(&c, status);
}

static PyMethodDef linearization_methods[] = {
  METHOD("shape", linearization_shape, "Channels, height and width of a node's output, or of data."),
  METHOD("activation", linearization_activation, "Outputs of named nodes."),
  METHOD("vjp", linearization_vjp, "Gradients from some nodes to others."),
  {"__reduce__", refuse_pickling, METH_NOARGS, "Raises TypeError: activations are not pickled."},
  {NULL, NULL, 0, NULL},
};

bool add_linearization_type(PyObject *module) {
  static PyType_Slot slots[] = {
    {Py_tp_doc, "A forward pass that is kept for gradients between its nodes; made by Network.linearize."},
    {Py_tp_dealloc, linearization_dealloc},
    {Py_tp_methods, linearization_methods},
    {0, NULL},
  };
  static PyType_Spec spec = {
    "swiftalexnet._native.Linearization", sizeof(linearization_object), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
  linearization_type = (PyTypeObject *)type; /* the module is never unloaded */
  return type && PyModule_AddObjectRef(module, "Linearization", type) == 0;
}

PyMethodDef network_linearization_methods[] = {
  METHOD("linearize", network_linearize, "A forward pass that is kept for gradients."),
  {NULL, NULL, 0, NULL},
};
