/* errors.h: from the engine's status to Python's exceptions. */
#ifndef SWIFTALEXNET_ERRORS_H
#define SWIFTALEXNET_ERRORS_H

#include "extension.h"

/* Creates UnsupportedError, NonFiniteError and ConcurrentUseError in `module`. */
bool add_exceptions(PyObject *module);

/* Sets a TypeError such as "conv2d: groups is of type str, expected an integer"; always false. */
bool refuse_type(const char *operation, const char *name, PyObject *came, const char *expected);

/* True if the engine did its work; otherwise an exception is set. One that a signal handler raised while the engine
 * computed goes before the engine's own. The GIL must be held. */
bool succeeded(int32_t status);

/* Lets Ctrl-C stop a computation: installs the question that the engine asks from time to time. */
void install_interrupt_question(void);

#endif
