/* errors.h: from the engine's status to Python's exceptions. */
#ifndef SWIFTALEXNET_ERRORS_H
#define SWIFTALEXNET_ERRORS_H

#include "extension.h"

/* Creates UnsupportedError, NonFiniteError and ConcurrentUseError in `module`. */
bool add_exceptions(PyObject *module);

/* Sets a TypeError such as "conv2d: groups is of type str, expected an integer"; always false. */
bool refuse_type(const char *operation, const char *name, PyObject *came, const char *expected);

/* True if the engine succeeded; otherwise an exception is set. One raised by a signal handler while the engine computed
 * takes precedence over the engine's own. The GIL must be held. */
bool succeeded(int32_t status);

/* Lets Ctrl-C stop a computation: installs the callback that the engine calls from time to time. */
void install_interrupt_question(void);

#endif
