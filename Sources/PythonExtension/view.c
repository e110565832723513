/* view.c: a parameter's memory, read and written in place by numpy. */
#include "errors.h"
#include "networks.h"

typedef struct {
  PyObject_HEAD
  sax_network *network; /* retained: the memory lives as long as its last view */
  float *data;         /* borrowed from it, to be returned */
  int64_t index;
  int32_t which;
  int rank;
  Py_ssize_t shape[SAX_MAX_RANK], strides[SAX_MAX_RANK];
} view_object;

static PyTypeObject *view_type;

PyObject *new_view(network_object *network, int64_t index, int32_t which) {
  sax_parameter parameter;
  float *data = NULL;
  int32_t status = sax_network_get_parameter(network->handle, index, &parameter);
  if (status == SAX_OK) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_borrow_parameter_data(network->handle, index, which, &data);
    Py_END_ALLOW_THREADS
  }
  if (!succeeded(status)) return NULL;
  view_object *view = (view_object *)((allocfunc)PyType_GetSlot(view_type, Py_tp_alloc))(view_type, 0);
  if (!view) {
    sax_network_return_parameter_data(network->handle, index, which);
    return NULL;
  }
  sax_network_retain(network->handle);
  view->network = network->handle;
  view->data = data;
  view->index = index;
  view->which = which;
  view->rank = (int)parameter.rank;
  for (int i = 0; i < view->rank; i++) {
    view->shape[i] = (Py_ssize_t)parameter.shape[i];
    view->strides[i] = (Py_ssize_t)parameter.strides[i];
  }
  return (PyObject *)view;
}

static void view_dealloc(PyObject *object) {
  PyTypeObject *type = Py_TYPE(object);
  view_object *view = (view_object *)object;
  sax_network_return_parameter_data(view->network, view->index, view->which);
  sax_network_release(view->network);
  ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

/* True if a consumer that asks by `flags` can walk the memory as it lies. */
static bool suits(const Py_buffer *buffer, int flags) {
  bool c = PyBuffer_IsContiguous(buffer, 'C'), fortran = PyBuffer_IsContiguous(buffer, 'F');
  if ((flags & PyBUF_STRIDES) != PyBUF_STRIDES) return c;
  if ((flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS) return c;
  if ((flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS) return fortran;
  if ((flags & PyBUF_ANY_CONTIGUOUS) == PyBUF_ANY_CONTIGUOUS) return c || fortran;
  return true;
}

static int view_getbuffer(PyObject *object, Py_buffer *buffer, int flags) {
  view_object *view = (view_object *)object;
  Py_ssize_t count = 1;
  for (int i = 0; i < view->rank; i++) count *= view->shape[i];
  *buffer = (Py_buffer){.buf = view->data, .len = count * 4, .itemsize = 4, .ndim = view->rank,
                        .shape = view->shape, .strides = view->strides};
  if (!suits(buffer, flags)) {
    PyErr_SetString(PyExc_BufferError, "View: the parameter is not contiguous, expected a request with strides");
    return -1;
  }
  buffer->format = flags & PyBUF_FORMAT ? "f" : NULL;
  if (!(flags & PyBUF_ND)) buffer->shape = NULL;
  if ((flags & PyBUF_STRIDES) != PyBUF_STRIDES) buffer->strides = NULL;
  buffer->obj = Py_NewRef(object);
  return 0;
}

static PyMethodDef view_methods[] = {
  {"__reduce__", refuse_pickling, METH_NOARGS, "Raises TypeError: a view is memory of its network."},
  {NULL, NULL, 0, NULL},
};

bool add_view_type(PyObject *module) {
  static PyType_Slot slots[] = {
    {Py_tp_doc, "A parameter's memory as a buffer; keeps its network alive."},
    {Py_tp_dealloc, view_dealloc},
    {Py_tp_methods, view_methods},
    {Py_bf_getbuffer, view_getbuffer},
    {0, NULL},
  };
  static PyType_Spec spec = {"swiftalexnet._native.View", sizeof(view_object), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
  view_type = (PyTypeObject *)type; /* one reference stays here, one goes to the module */
  return type && PyModule_AddObjectRef(module, "View", type) == 0;
}
