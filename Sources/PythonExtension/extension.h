/* extension.h: what every file of the extension needs.
 *
 * The extension converts and forwards; it computes nothing but sizes. A call goes through the same five steps:
 *   1. call_begin() reads the arguments using a table and borrows the arrays (calls.h),
 *   2. the function checks that the shapes agree,
 *   3. the GIL is released around one engine function,
 *   4. succeeded() turns its status into an exception (errors.h),
 *   5. call_end() returns the arrays.
 */
#ifndef SWIFTALEXNET_EXTENSION_H
#define SWIFTALEXNET_EXTENSION_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000 /* 3.11 is the first limited API with the buffer protocol */
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#include "swiftalexnet.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* A row of a method table for a function that takes positional and keyword arguments. */
#define METHOD(name, function, documentation) \
  { name, (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS, documentation }

/* The parameters of such a function. */
#define ARGUMENTS PyObject *const *arguments, Py_ssize_t given, PyObject *keywords

extern PyMethodDef runtime_methods[];
extern PyMethodDef architecture_methods[];
extern PyMethodDef memory_methods[];
extern PyMethodDef recipe_methods[];
extern PyMethodDef image_methods[];
extern PyMethodDef resampling_methods[];
extern PyMethodDef evaluation_methods[];
extern PyMethodDef convolution_methods[];
extern PyMethodDef locally_connected_methods[];
extern PyMethodDef dense_methods[];
extern PyMethodDef perceptual_methods[];
extern PyMethodDef pooling_methods[];
extern PyMethodDef normalization_methods[];
extern PyMethodDef activation_methods[];
extern PyMethodDef loss_methods[];
extern PyMethodDef optimizer_methods[];
extern PyMethodDef wire_methods[];

#endif
