/* module.c: what `import swiftalexnet._native` creates. It starts no thread and touches no signal handler. */
#include "errors.h"
#include "networks.h"

static PyMethodDef *const topics[] = {
  runtime_methods, architecture_methods, recipe_methods, memory_methods, image_methods, resampling_methods,
  evaluation_methods, convolution_methods, locally_connected_methods, dense_methods, pooling_methods,
  normalization_methods, activation_methods, loss_methods, optimizer_methods, wire_methods, perceptual_methods};

static bool add_functions(PyObject *module) {
  for (int i = 0; i < LENGTH(topics); i++) {
    if (PyModule_AddFunctions(module, topics[i]) < 0) return false;
  }
  return true;
}

static bool add_constants(PyObject *module) {
  char version[32];
  return succeeded(sax_get_version(version, sizeof version)) &&
         PyModule_AddStringConstant(module, "VERSION", version) == 0 &&
         PyModule_AddIntConstant(module, "VALUE", SAX_VALUE) == 0 &&
         PyModule_AddIntConstant(module, "GRADIENT", SAX_GRADIENT) == 0 &&
         PyModule_AddIntConstant(module, "VELOCITY", SAX_VELOCITY) == 0;
}

/* The exception types and the callback belong to the process, not an interpreter: m_size -1 allows only one. */
static struct PyModuleDef definition = {
  PyModuleDef_HEAD_INIT,
  .m_name = "swiftalexnet._native",
  .m_doc = "The Swift engine: checks arrays, releases the GIL, computes.",
  .m_size = -1,
};

PyMODINIT_FUNC PyInit__native(void) {
  PyObject *module = PyModule_Create(&definition);
  if (!module) return NULL;
  if (add_exceptions(module) && add_functions(module) && add_constants(module) && add_network_types(module)) {
    install_interrupt_question();
    return module;
  }
  Py_DECREF(module);
  return NULL;
}
