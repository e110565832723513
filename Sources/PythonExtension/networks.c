#include "networks.h"

#include <string.h>

#include "errors.h"
#include "named_arrays.h"

enum { SPEC_CAPACITY = 1 << 20 }; /* touched only where the engine writes */

extents network_input(const network_object *network, int64_t batch) {
  const sax_node *input = &network->nodes[0];
  return (extents){batch, input->channels, input->height, input->width};
}

int64_t network_classes(const network_object *network) {
  const sax_node *last = &network->nodes[network->node_count - 1]; /* a softmax has the shape of its logits */
  return last->channels * last->height * last->width;
}

bool call_expects_input(const call *c, int index, const network_object *network, int64_t batch, int32_t layout) {
  return call_expects_extents(c, index, network_input(network, batch), layout);
}

bool call_expects_channels(const call *c, int index, const network_object *network, int32_t layout) {
  extents images = call_extents(c, index, layout);
  images.channels = network->nodes[0].channels;
  return call_expects_extents(c, index, images, layout);
}

const sax_node *call_features(const call *c, int index, int name, const network_object *network, int32_t layout) {
  const Py_buffer *features = &c->values[index].array;
  int64_t batch = features->ndim ? features->shape[0] : 1;
  for (int64_t i = 0; i < network->node_count; i++) {
    const sax_node *node = &network->nodes[i];
    if (strcmp(node->name, c->values[name].text) != 0) continue;
    const int64_t shape[] = {node->channels, node->height, node->width};
    return array_has_shape_of_node(features, c->operation, node->name, shape, batch, layout) ? node : NULL;
  }
  PyErr_Format(PyExc_ValueError, "%s: there is no node %s", c->operation, c->values[name].text);
  return NULL;
}

/* ---- Creation and end ---- */

static bool remember_nodes(network_object *self) {
  int64_t count = sax_network_node_count(self->handle);
  if (count < 1 || count > PY_SSIZE_T_MAX / (int64_t)sizeof *self->nodes) {
    PyErr_SetString(PyExc_ValueError, "Network: the specification has no nodes");
    return false;
  }
  self->nodes = PyMem_Calloc((size_t)count, sizeof *self->nodes);
  if (!self->nodes) return PyErr_NoMemory() != NULL;
  self->node_count = count;
  for (int64_t i = 0; i < count; i++) {
    if (!succeeded(sax_network_get_node(self->handle, i, &self->nodes[i]))) return false;
  }
  return true;
}

static PyObject *network_new(PyTypeObject *type, PyObject *positional, PyObject *keywords) {
  static char *names[] = {"spec", "initialization", "seed", NULL};
  static const argument table[] = {{"spec", TEXT}, {"initialization", TEXT}, {"seed", SEED}};
  enum { SPEC, INITIALIZATION, NETWORK_SEED };
  PyObject *objects[3];
  if (!PyArg_ParseTupleAndKeywords(positional, keywords, "OOO:Network", names, &objects[0], &objects[1], &objects[2])) {
    return NULL;
  }
  call c;
  if (!call_begin(&c, "Network", table, LENGTH(table), objects, LENGTH(objects), NULL)) return NULL;
  sax_network *handle = NULL;
  int32_t status;
  Py_BEGIN_ALLOW_THREADS
  status = sax_network_create(c.values[SPEC].text, c.values[INITIALIZATION].text, c.values[NETWORK_SEED].seed, &handle);
  Py_END_ALLOW_THREADS
  if (!succeeded(status)) {
    if (status == SAX_OK) sax_network_release(handle);
    return NULL;
  }
  allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  network_object *self = (network_object *)allocate(type, 0);
  if (!self) {
    sax_network_release(handle);
    return NULL;
  }
  self->handle = handle;
  if (remember_nodes(self)) return (PyObject *)self;
  Py_DECREF(self);
  return NULL;
}

static void network_dealloc(PyObject *object) {
  network_object *self = (network_object *)object;
  PyTypeObject *type = Py_TYPE(object);
  sax_network_release(self->handle);
  PyMem_Free(self->nodes);
  ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

PyObject *refuse_pickling(PyObject *self, PyObject *unused) {
  (void)unused;
  PyObject *kind = PyType_GetName(Py_TYPE(self));
  if (kind) PyErr_Format(PyExc_TypeError, "%U: cannot be copied or pickled, expected save() and load()", kind);
  Py_XDECREF(kind);
  return NULL;
}

/* ---- Nodes and parameters ---- */

static PyObject *network_spec(PyObject *object, PyObject *unused) {
  (void)unused;
  char *text = PyMem_Malloc(SPEC_CAPACITY);
  if (!text) return PyErr_NoMemory();
  int32_t status = sax_network_get_spec(((network_object *)object)->handle, text, SPEC_CAPACITY);
  PyObject *spec = succeeded(status) ? PyUnicode_FromString(text) : NULL;
  PyMem_Free(text);
  return spec;
}

static PyObject *describe_node(const sax_node *node) {
  return Py_BuildValue("(ssss(LLL)LL)", node->name, node->kind, node->detail, node->input, (long long)node->channels,
                       (long long)node->height, (long long)node->width, (long long)node->parameters,
                       (long long)node->macs);
}

static PyObject *describe_parameter(network_object *self, int64_t index) {
  sax_parameter parameter;
  if (!succeeded(sax_network_get_parameter(self->handle, index, &parameter))) return NULL;
  PyObject *shape = PyTuple_New((Py_ssize_t)parameter.rank);
  for (int64_t i = 0; shape && i < parameter.rank; i++) {
    PyTuple_SetItem(shape, (Py_ssize_t)i, PyLong_FromLongLong(parameter.shape[i]));
  }
  return Py_BuildValue("(sN)", parameter.name, shape); /* takes `shape`; fails if it is NULL */
}

static PyObject *list_of(network_object *self, int64_t count, PyObject *(*item)(network_object *, int64_t)) {
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (int64_t i = 0; list && i < count; i++) {
    PyObject *value = item(self, i);
    if (!value) Py_CLEAR(list);
    else PyList_SetItem(list, (Py_ssize_t)i, value);
  }
  return list;
}

static PyObject *node_at(network_object *self, int64_t index) { return describe_node(&self->nodes[index]); }

static PyObject *network_nodes(PyObject *object, PyObject *unused) {
  (void)unused;
  network_object *self = (network_object *)object;
  return list_of(self, self->node_count, node_at);
}

static PyObject *network_parameters(PyObject *object, PyObject *unused) {
  (void)unused;
  network_object *self = (network_object *)object;
  return list_of(self, sax_network_parameter_count(self->handle), describe_parameter);
}

static PyObject *network_parameter(PyObject *object, ARGUMENTS) {
  static const argument table[] = {{"index", INTEGER}, {"which", INTEGER}};
  call c;
  if (!call_begin(&c, "parameter", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t which = c.values[1].integer;
  if (which < SAX_VALUE || which > SAX_VELOCITY) {
    PyErr_Format(PyExc_ValueError, "parameter: which is %lld, expected VALUE, GRADIENT or VELOCITY", (long long)which);
    return NULL;
  }
  return new_parameter((network_object *)object, c.values[0].integer, (int32_t)which);
}

static PyObject *network_require_finite(PyObject *object, ARGUMENTS) {
  static const argument table[] = {{"which", INTEGER}, {"operation", TEXT}};
  call c;
  if (!call_begin(&c, "require_finite", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t which = c.values[0].integer;
  if (which != SAX_VALUE && which != SAX_VELOCITY) {
    PyErr_Format(PyExc_ValueError, "require_finite: which is %lld, expected VALUE or VELOCITY", (long long)which);
    return NULL;
  }
  int32_t status;
  Py_BEGIN_ALLOW_THREADS
  status = sax_network_require_finite(((network_object *)object)->handle, (int32_t)which, c.values[1].text);
  Py_END_ALLOW_THREADS
  return call_result(&c, status);
}

/* ---- Multipliers ---- */

static PyObject *network_set_multipliers(PyObject *object, ARGUMENTS) {
  static const argument table[] = {{"index", INTEGER}, {"rate", NUMBER}, {"decay", NUMBER}};
  call c;
  if (!call_begin(&c, "set_multipliers", table, LENGTH(table), arguments, given, keywords)) return NULL;
  sax_network *network = ((network_object *)object)->handle;
  int32_t status;
  Py_BEGIN_ALLOW_THREADS /* it waits for holders of the network, and they for the interpreter */
  status = sax_network_set_multipliers(network, c.values[0].integer, c.values[1].number, c.values[2].number);
  Py_END_ALLOW_THREADS
  return call_result(&c, status);
}

static PyObject *network_multipliers(PyObject *object, ARGUMENTS) {
  static const argument table[] = {{"index", INTEGER}};
  call c;
  if (!call_begin(&c, "multipliers", table, LENGTH(table), arguments, given, keywords)) return NULL;
  float rate, decay;
  int32_t status = sax_network_get_multipliers(((network_object *)object)->handle, c.values[0].integer, &rate, &decay);
  return succeeded(status) ? Py_BuildValue("(dd)", (double)rate, (double)decay) : NULL;
}

/* ---- Type ---- */

static PyMethodDef own_methods[] = {
  {"spec", network_spec, METH_NOARGS, "The specification as text, one node per line."},
  {"nodes", network_nodes, METH_NOARGS, "Name, kind, detail, input, (channels, height, width), parameters, macs."},
  {"parameters", network_parameters, METH_NOARGS, "Name and shape of every parameter."},
  METHOD("parameter", network_parameter, "A parameter's memory as a buffer."),
  METHOD("hold", network_hold, "Keep others from training the network, or from using it, in a with block."),
  METHOD("require_finite", network_require_finite, "Raises NonFiniteError unless all values or velocities are finite."),
  METHOD("set_multipliers", network_set_multipliers, "Factors on rate and decay of one parameter."),
  METHOD("multipliers", network_multipliers, "Factors on rate and decay of one parameter."),
  {"__reduce__", refuse_pickling, METH_NOARGS, "Raises TypeError: a network is saved, not pickled."},
};

enum { MAX_METHODS = 64 };

static PyMethodDef *const topics[] = {
  network_tensor_methods, network_linearization_methods, network_training_methods,  network_gradient_methods,
  network_factor_methods, network_evaluation_methods,    network_whitening_methods, network_memory_methods,
  network_profile_methods, network_quantization_methods};

/* A type has one method table; the files that work on networks have one each. */
static PyMethodDef *all_methods(void) {
  static PyMethodDef methods[MAX_METHODS];
  int count = LENGTH(own_methods);
  memcpy(methods, own_methods, sizeof own_methods);
  for (int i = 0; i < LENGTH(topics); i++) {
    for (PyMethodDef *m = topics[i]; m->ml_name; m++) methods[count++] = *m;
  }
  return methods;
}

bool add_network_types(PyObject *module) {
  PyType_Slot slots[] = {
    {Py_tp_doc, "A network: parameters and planned memory of the engine."},
    {Py_tp_new, network_new},
    {Py_tp_dealloc, network_dealloc},
    {Py_tp_methods, all_methods()},
    {0, NULL},
  };
  PyType_Spec spec = {"swiftalexnet._native.Network", sizeof(network_object), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};
  PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
  bool added = type && PyModule_AddObjectRef(module, "Network", type) == 0;
  Py_XDECREF(type);
  return added && add_parameter_type(module) && add_hold_type(module) && add_linearization_type(module);
}
