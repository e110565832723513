/* hold.c: `with network.hold(operation, writing)`: the parameters stay consistent while Python reads or writes them. */
#include "errors.h"
#include "networks.h"

typedef struct {
  PyObject_HEAD
  sax_network *network; /* retained while held, otherwise NULL */
  uint64_t thread;
  int32_t writing;
} hold_object;

static PyTypeObject *hold_type;

/* Held from here on, not from `__enter__`: an interruption before that drops the object, which lets go. */
PyObject *network_hold(PyObject *object, ARGUMENTS) {
  enum { OPERATION, WRITING };
  static const argument table[] = {{"operation", TEXT}, {"writing", FLAG}};
  call c;
  if (!call_begin(&c, "hold", table, LENGTH(table), arguments, given, keywords)) return NULL;
  hold_object *hold = (hold_object *)((allocfunc)PyType_GetSlot(hold_type, Py_tp_alloc))(hold_type, 0);
  if (!hold) return call_result(&c, SAX_OK); /* with the exception already set */
  sax_network *network = ((network_object *)object)->handle;
  const char *operation = c.values[OPERATION].text;
  int32_t writing = c.values[WRITING].flag, status;
  uint64_t thread = 0;
  Py_BEGIN_ALLOW_THREADS
  status = sax_network_hold(network, operation, writing, &thread);
  Py_END_ALLOW_THREADS
  call_end(&c);
  if (status == SAX_OK) {
    sax_network_retain(network);
    hold->network = network;
    hold->writing = writing;
    hold->thread = thread;
  }
  if (succeeded(status)) return (PyObject *)hold;
  Py_DECREF(hold);
  return NULL;
}

static void let_go(hold_object *hold) {
  sax_network *network = hold->network;
  if (!network) return;
  hold->network = NULL;
  sax_network_let_go(network, hold->writing, hold->thread);
  sax_network_release(network);
}

static PyObject *hold_enter(PyObject *object, PyObject *unused) {
  (void)unused;
  return Py_NewRef(object);
}

static PyObject *hold_exit(PyObject *object, PyObject *unused) {
  (void)unused;
  let_go((hold_object *)object);
  return Py_NewRef(Py_None);
}

static void hold_dealloc(PyObject *object) {
  PyTypeObject *type = Py_TYPE(object);
  let_go((hold_object *)object);
  ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

static PyMethodDef hold_methods[] = {
  {"__enter__", hold_enter, METH_NOARGS, NULL},
  {"__exit__", hold_exit, METH_VARARGS, NULL},
  {"__reduce__", refuse_pickling, METH_NOARGS, "Raises TypeError: it is held here."},
  {NULL, NULL, 0, NULL},
};

bool add_hold_type(PyObject *module) {
  static PyType_Slot slots[] = {
    {Py_tp_doc, "A network that others may not train, or not use; released at the end."},
    {Py_tp_dealloc, hold_dealloc},
    {Py_tp_methods, hold_methods},
    {0, NULL},
  };
  static PyType_Spec spec = {"swiftalexnet._native.Hold", sizeof(hold_object), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
  hold_type = (PyTypeObject *)type; /* one reference is kept here, one goes to the module */
  return type && PyModule_AddObjectRef(module, "Hold", type) == 0;
}
