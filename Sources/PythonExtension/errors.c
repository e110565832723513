#include "errors.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static PyObject *unsupported_error, *non_finite_error, *concurrent_use_error;

static bool add_exception(PyObject *module, const char *name, const char *documentation, PyObject *base,
                          PyObject **exception) {
  char qualified[64];
  PyOS_snprintf(qualified, sizeof qualified, "swiftalexnet.%s", name);
  *exception = PyErr_NewExceptionWithDoc(qualified, documentation, base, NULL);
  return *exception && PyModule_AddObjectRef(module, name, *exception) == 0;
}

bool add_exceptions(PyObject *module) {
  return add_exception(module, "UnsupportedError", "The request is valid but not supported here.",
                       PyExc_NotImplementedError, &unsupported_error) &&
         add_exception(module, "NonFiniteError", "A NaN or infinity occurred; nothing was changed.",
                       PyExc_ArithmeticError, &non_finite_error) &&
         add_exception(module, "ConcurrentUseError", "The network is in exclusive use by another call.",
                       PyExc_RuntimeError, &concurrent_use_error);
}

bool refuse_type(const char *operation, const char *name, PyObject *came, const char *expected) {
  /* The conversion's error is replaced, but not Ctrl-C or a lack of memory. */
  if (PyErr_Occurred()) {
    if (!PyErr_ExceptionMatches(PyExc_Exception) || PyErr_ExceptionMatches(PyExc_MemoryError)) return false;
    PyErr_Clear();
  }
  PyObject *kind = PyType_GetName(Py_TYPE(came));
  if (kind) PyErr_Format(PyExc_TypeError, "%s: %s is of type %U, expected %s", operation, name, kind, expected);
  Py_XDECREF(kind);
  return false;
}

static PyObject *exception_for(int32_t status) {
  switch (status) {
    case SAX_INVALID_VALUE: return PyExc_ValueError;
    case SAX_OUT_OF_MEMORY: return PyExc_MemoryError;
    case SAX_UNSUPPORTED: return unsupported_error;
    case SAX_NON_FINITE: return non_finite_error;
    case SAX_CONCURRENT_USE: return concurrent_use_error;
    default: return PyExc_RuntimeError;
  }
}

bool succeeded(int32_t status) {
  if (PyErr_Occurred()) return false;
  if (status == SAX_OK) return true;
  if (status == SAX_INTERRUPTED) {
    PyErr_SetNone(PyExc_KeyboardInterrupt);
    return false;
  }
  /* The engine's text may be cut in the middle of a character. */
  const char *text = sax_last_error();
  PyObject *message = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
  if (message) PyErr_SetObject(exception_for(status), message);
  Py_XDECREF(message);
  return false;
}

/* Python runs signal handlers only on the main thread. Other threads do not ask: they would learn nothing, and during
 * interpreter shutdown they would never get the GIL back. */
static int32_t interrupt_question(void) {
  if (syscall(SYS_gettid) != getpid()) return -1;
  PyGILState_STATE state = PyGILState_Ensure();
  int32_t raised = PyErr_CheckSignals() != 0;
  PyGILState_Release(state);
  return raised;
}

void install_interrupt_question(void) { sax_set_interrupt_question(interrupt_question); }
