#include "calls.h"
#include "errors.h"

enum { TEXT_CAPACITY = 1 << 20, NAMES_CAPACITY = 4096 }; /* touched only where the engine writes */

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

/* What the engine wrote, or NULL with an exception set if it refused; frees the memory. */
static PyObject *taken_text(int32_t status, char *text) {
  PyObject *result = succeeded(status) ? PyUnicode_FromString(text) : NULL;
  PyMem_Free(text);
  return result;
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
  return taken_text(sax_spec(c.values[FAMILY].text, c.values[VARIANT].text, &options, text, TEXT_CAPACITY), text);
}

static PyObject *spec_shapes(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"spec", TEXT}};
  call c;
  if (!call_begin(&c, "spec_shapes", table, LENGTH(table), arguments, given, keywords)) return NULL;
  char *text = PyMem_Malloc(TEXT_CAPACITY);
  if (!text) return PyErr_NoMemory();
  return taken_text(sax_spec_shapes(c.values[0].text, text, TEXT_CAPACITY), text);
}

static PyObject *spec_crossings(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"spec", TEXT}, {"towers", INTEGER}};
  call c;
  if (!call_begin(&c, "spec_crossings", table, LENGTH(table), arguments, given, keywords)) return NULL;
  char *text = PyMem_Malloc(TEXT_CAPACITY);
  if (!text) return PyErr_NoMemory();
  int32_t status = sax_spec_crossings(c.values[0].text, c.values[1].integer, text, TEXT_CAPACITY);
  PyObject *names = succeeded(status) ? words(text) : NULL;
  PyMem_Free(text);
  return names;
}

static PyObject *spec_cut(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"spec", TEXT}, {"tower", INTEGER}, {"towers", INTEGER}};
  call c;
  if (!call_begin(&c, "spec_cut", table, LENGTH(table), arguments, given, keywords)) return NULL;
  char *text = PyMem_Malloc(TEXT_CAPACITY);
  if (!text) return PyErr_NoMemory();
  return taken_text(
    sax_spec_cut(c.values[0].text, c.values[1].integer, c.values[2].integer, text, TEXT_CAPACITY), text);
}

static PyObject *variant_preprocessing(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"name", TEXT}, {"crop", INTEGER}, {"channels", INTEGER}};
  call c;
  if (!call_begin(&c, "variant_preprocessing", table, LENGTH(table), arguments, given, keywords)) return NULL;
  char text[NAMES_CAPACITY];
  int32_t status =
    sax_variant_preprocessing(c.values[0].text, c.values[1].integer, c.values[2].integer, text, sizeof text);
  return succeeded(status) ? PyUnicode_FromString(text) : NULL;
}

static PyObject *variant_layer_names(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"name", TEXT}, {"framework", TEXT}};
  call c;
  if (!call_begin(&c, "variant_layer_names", table, LENGTH(table), arguments, given, keywords)) return NULL;
  char *text = PyMem_Malloc(TEXT_CAPACITY);
  if (!text) return PyErr_NoMemory();
  return taken_text(sax_variant_layer_names(c.values[0].text, c.values[1].text, text, TEXT_CAPACITY), text);
}

static PyObject *nearest_name(PyObject *self, ARGUMENTS) {
  (void)self;
  static const argument table[] = {{"name", TEXT}, {"known", TEXT}, {"even_if_far", FLAG}};
  call c;
  if (!call_begin(&c, "nearest_name", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t index;
  int32_t status = sax_nearest_name(c.values[0].text, c.values[1].text, c.values[2].flag, &index);
  return succeeded(status) ? PyLong_FromLongLong(index) : NULL;
}

PyMethodDef architecture_methods[] = {
  {"initializations", initializations, METH_NOARGS, "Names of the initialisations."},
  METHOD("variants", variants, "Names of the variants of a family."),
  METHOD("variant", variant, "Name, catalogue name, summary, initialisation, classes, channels, image size."),
  METHOD("spec", spec, "The specification of a variant as text."),
  METHOD("spec_shapes", spec_shapes, "Lines of channels, height and width: the output of each node."),
  METHOD("spec_crossings", spec_crossings, "Names of the nodes that read channels of several towers."),
  METHOD("spec_cut", spec_cut, "The segments of a tower as text."),
  METHOD("variant_preprocessing", variant_preprocessing, "How a network's authors prepared images, as key=value."),
  METHOD("variant_layer_names", variant_layer_names, "Lines of another framework's name and ours of a layer."),
  METHOD("nearest_name", nearest_name, "The index of the nearest of the lines of `known`; -1 if there is none."),
  {NULL, NULL, 0, NULL},
};
