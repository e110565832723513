#include "calls.h"
#include "errors.h"

enum { TEXT_CAPACITY = 1 << 20, NAMES_CAPACITY = 4096 }; /* touched only as far as the engine writes */

/* A list of the words of `text`. */
static PyObject *words(const char *text) {
  PyObject *names = PyUnicode_FromString(text);
  PyObject *list = names ? PyUnicode_Split(names, NULL, -1) : NULL;
  Py_XDECREF(names);
  return list;
}

static PyObject *initializations(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  char text[NAMES_CAPACITY];
  return succeeded(sax_initializations(text, sizeof text)) ? words(text) : NULL;
}

static PyObject *variants(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"family", TEXT}};
  call c;
  if (!call_begin(&c, "variants", table, LENGTH(table), arguments, given, keywords)) return NULL;
  char text[NAMES_CAPACITY];
  return succeeded(sax_variants(c.values[0].text, text, sizeof text)) ? words(text) : NULL;
}

static PyObject *variant(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"family", TEXT}, {"variant", TEXT}};
  call c;
  if (!call_begin(&c, "variant", table, LENGTH(table), arguments, given, keywords)) return NULL;
  sax_variant row;
  if (!succeeded(sax_get_variant(c.values[0].text, c.values[1].text, &row))) return NULL;
  return Py_BuildValue("(ssssLLL)", row.name, row.catalog_name, row.summary, row.initialization,
                       (long long)row.classes, (long long)row.channels, (long long)row.image_size);
}

static PyObject *spec(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { FAMILY, VARIANT, CLASSES, CHANNELS, IMAGE_SIZE, ACTIVATION, WITHOUT, CEIL_MODE };
  static const argument table[] = {{"family", TEXT},        {"variant", TEXT},    {"classes", INTEGER},
                                   {"channels", INTEGER},   {"image_size", INTEGER}, {"activation", TEXT},
                                   {"without", TEXT},       {"ceil_mode", INTEGER}};
  call c;
  if (!call_begin(&c, "spec", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t rounding = c.values[CEIL_MODE].integer;
  sax_spec_options options = {.classes = c.values[CLASSES].integer,
                              .channels = c.values[CHANNELS].integer,
                              .image_size = c.values[IMAGE_SIZE].integer,
                              .activation = c.values[ACTIVATION].text,
                              .without = c.values[WITHOUT].text,
                              .ceil_mode = (rounding > 0) - (rounding < 0)};
  char *text = PyMem_Malloc(TEXT_CAPACITY);
  if (!text) return PyErr_NoMemory();
  int32_t status = sax_spec(c.values[FAMILY].text, c.values[VARIANT].text, &options, text, TEXT_CAPACITY);
  PyObject *result = succeeded(status) ? PyUnicode_FromString(text) : NULL;
  PyMem_Free(text);
  return result;
}

PyMethodDef architecture_methods[] = {
  {"initializations", initializations, METH_NOARGS, "Names of the initialisations."},
  METHOD("variants", variants, "Names of the variants of a family."),
  METHOD("variant", variant, "Name, catalogue name, summary, initialisation, classes, channels, image size."),
  METHOD("spec", spec, "The specification of a variant as text."),
  {NULL, NULL, 0, NULL},
};
