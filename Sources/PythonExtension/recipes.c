/* recipes.c: how networks are trained, as data. */
#include "calls.h"
#include "errors.h"

enum { RECIPE_CAPACITY = 4096 };

static PyObject *recipe_names(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  char text[RECIPE_CAPACITY];
  if (!succeeded(sax_recipes(text, sizeof text))) return NULL;
  PyObject *names = PyUnicode_FromString(text);
  PyObject *list = names ? PyUnicode_Split(names, NULL, -1) : NULL;
  Py_XDECREF(names);
  return list;
}

static PyObject *recipe(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"name", TEXT}};
  call c;
  if (!call_begin(&c, "recipe", table, LENGTH(table), arguments, given, keywords)) return NULL;
  char text[RECIPE_CAPACITY];
  return succeeded(sax_recipe(c.values[0].text, text, sizeof text)) ? PyUnicode_FromString(text) : NULL;
}

/* The order as bytes of int64. */
static PyObject *shuffle(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { COUNT, SEED_, EPOCH };
  static const argument table[] = {{"count", INTEGER}, {"seed", SEED}, {"epoch", SEED}};
  call c;
  if (!call_begin(&c, "shuffle", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t count = c.values[COUNT].integer;
  /* The engine refuses other counts before it writes. */
  Py_ssize_t room = count > 0 && count <= INT32_MAX ? (Py_ssize_t)count : 0;
  PyObject *bytes = PyBytes_FromStringAndSize(NULL, room * (Py_ssize_t)sizeof(int64_t));
  if (!bytes) return NULL;
  int64_t *order = (int64_t *)(void *)PyBytes_AsString(bytes);
  int32_t status;
  Py_BEGIN_ALLOW_THREADS
  status = sax_shuffle(count, c.values[SEED_].seed, c.values[EPOCH].seed, order);
  Py_END_ALLOW_THREADS
  if (succeeded(status)) return bytes;
  Py_DECREF(bytes);
  return NULL;
}

static PyObject *color_components(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  char text[RECIPE_CAPACITY];
  return succeeded(sax_color_components(text, sizeof text)) ? PyUnicode_FromString(text) : NULL;
}

PyMethodDef recipe_methods[] = {
  {"recipe_names", recipe_names, METH_NOARGS, "Names of the recipes."},
  METHOD("recipe", recipe, "A recipe as text, one setting per line."),
  METHOD("shuffle", shuffle, "The order of an epoch's images, as bytes of int64."),
  {"color_components", color_components, METH_NOARGS, "ILSVRC's components of colour: deviation, red, green, blue."},
  {NULL, NULL, 0, NULL},
};
