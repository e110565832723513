/* parameter.c: a parameter's memory, read and written in place by numpy. */
#include "errors.h"
#include "networks.h"

typedef struct {
  PyObject_HEAD
  sax_network *network; /* retained: the memory lives as long as this object */
  float *data;         /* borrowed from it, to be returned */
  int64_t index;
  int32_t which;
  int rank;
  Py_ssize_t shape[SAX_MAX_RANK], strides[SAX_MAX_RANK];
} parameter_object;

static PyTypeObject *parameter_type;

/* A new object; the caller sets its shape. */
static parameter_object *make_parameter(network_object *network, float *data, int64_t index, int32_t which) {
  allocfunc allocate = (allocfunc)PyType_GetSlot(parameter_type, Py_tp_alloc);
  parameter_object *parameter = (parameter_object *)allocate(parameter_type, 0);
  if (!parameter) return NULL;
  sax_network_retain(network->handle);
  parameter->network = network->handle;
  parameter->data = data;
  parameter->index = index;
  parameter->which = which;
  return parameter;
}

PyObject *new_parameter(network_object *network, int64_t index, int32_t which) {
  sax_parameter description;
  float *data = NULL;
  int32_t status = sax_network_get_parameter(network->handle, index, &description);
  if (status == SAX_OK) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_borrow_parameter_data(network->handle, index, which, &data);
    Py_END_ALLOW_THREADS
  }
  if (!succeeded(status)) return NULL;
  parameter_object *parameter = make_parameter(network, data, index, which);
  if (!parameter) {
    sax_network_return_parameter_data(network->handle, index, which);
    return NULL;
  }
  parameter->rank = (int)description.rank;
  for (int i = 0; i < parameter->rank; i++) {
    parameter->shape[i] = (Py_ssize_t)description.shape[i];
    parameter->strides[i] = (Py_ssize_t)description.strides[i];
  }
  return (PyObject *)parameter;
}

PyObject *new_gradient_block(network_object *network, int64_t index) {
  float *data = NULL;
  int64_t count = 0;
  if (!succeeded(sax_network_get_gradient_block(network->handle, index, &data, &count))) return NULL;
  parameter_object *block = make_parameter(network, data, 0, SAX_GRADIENT);
  if (!block) return NULL;
  block->rank = 1;
  block->shape[0] = (Py_ssize_t)count;
  block->strides[0] = sizeof(float);
  return (PyObject *)block;
}

static void parameter_dealloc(PyObject *object) {
  PyTypeObject *type = Py_TYPE(object);
  parameter_object *parameter = (parameter_object *)object;
  sax_network_return_parameter_data(parameter->network, parameter->index, parameter->which);
  sax_network_release(parameter->network);
  ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

/* True if a consumer requesting `flags` can read the memory in its layout. */
static bool suits(const Py_buffer *buffer, int flags) {
  bool c = PyBuffer_IsContiguous(buffer, 'C'), fortran = PyBuffer_IsContiguous(buffer, 'F');
  if ((flags & PyBUF_STRIDES) != PyBUF_STRIDES) return c;
  if ((flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS) return c;
  if ((flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS) return fortran;
  if ((flags & PyBUF_ANY_CONTIGUOUS) == PyBUF_ANY_CONTIGUOUS) return c || fortran;
  return true;
}

static int parameter_getbuffer(PyObject *object, Py_buffer *buffer, int flags) {
  parameter_object *parameter = (parameter_object *)object;
  Py_ssize_t count = 1;
  for (int i = 0; i < parameter->rank; i++) count *= parameter->shape[i];
  *buffer = (Py_buffer){.buf = parameter->data, .len = count * 4, .itemsize = 4, .ndim = parameter->rank,
                        .shape = parameter->shape, .strides = parameter->strides};
  if (!suits(buffer, flags)) {
    PyErr_SetString(PyExc_BufferError, "Parameter: the memory is not contiguous, expected a request with strides");
    return -1;
  }
  buffer->format = flags & PyBUF_FORMAT ? "f" : NULL;
  if (!(flags & PyBUF_ND)) buffer->shape = NULL;
  if ((flags & PyBUF_STRIDES) != PyBUF_STRIDES) buffer->strides = NULL;
  buffer->obj = Py_NewRef(object);
  return 0;
}

static PyMethodDef parameter_methods[] = {
  {"__reduce__", refuse_pickling, METH_NOARGS, "Raises TypeError: it is memory of its network."},
  {NULL, NULL, 0, NULL},
};

bool add_parameter_type(PyObject *module) {
  static PyType_Slot slots[] = {
    {Py_tp_doc, "A parameter's memory as a buffer; keeps its network alive."},
    {Py_tp_dealloc, parameter_dealloc},
    {Py_tp_methods, parameter_methods},
    {Py_bf_getbuffer, parameter_getbuffer},
    {0, NULL},
  };
  static PyType_Spec spec = {"swiftalexnet._native.Parameter", sizeof(parameter_object), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
  parameter_type = (PyTypeObject *)type; /* one reference is kept here, one goes to the module */
  return type && PyModule_AddObjectRef(module, "Parameter", type) == 0;
}
