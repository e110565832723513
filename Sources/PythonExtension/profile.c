/* profile.c: where a network spends its time. */
#include "errors.h"
#include "images.h"
#include "networks.h"

static PyObject *describe_row(const sax_profile_row *row) {
  return Py_BuildValue("(ssdddddd)", row->name, row->kind, row->forward_seconds, row->forward_operations,
                       row->forward_bytes, row->backward_seconds, row->backward_operations, row->backward_bytes);
}

static PyObject *describe_profile(const sax_profile *profile, const sax_profile_row *rows) {
  PyObject *list = PyList_New((Py_ssize_t)profile->rows);
  for (int64_t i = 0; list && i < profile->rows; i++) {
    PyObject *row = describe_row(&rows[i]);
    if (!row) Py_CLEAR(list);
    else PyList_SetItem(list, (Py_ssize_t)i, row);
  }
  return Py_BuildValue("(dddN)", profile->seconds, profile->operations_per_second, profile->bytes_per_second, list);
}

static PyObject *network_profile_images(PyObject *object, ARGUMENTS) {
  enum { PIXELS, PREPROCESSING, AUGMENTATION, ARITHMETIC, REPEATS };
  static const argument table[] = {
    {"images", IMAGES, 4}, {"preprocessing", OBJECT}, {"augmentation", OBJECT},
    {"arithmetic", INTEGERS, 3}, {"repeats", INTEGER}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "profile", table, LENGTH(table), arguments, given, keywords)) return NULL;
  sax_images images = images_of(&c, PIXELS);
  sax_augmentation augmentation;
  sax_arithmetic arithmetic = call_arithmetic(&c, ARITHMETIC);
  bool trains = c.values[AUGMENTATION].object != Py_None;
  preprocessing p;
  int64_t capacity = self->node_count + 4;
  sax_profile profile;
  int32_t status = SAX_OK;
  sax_profile_row *rows = PyMem_Calloc((size_t)capacity, sizeof *rows);
  if (!rows) PyErr_NoMemory();
  if (rows && (!trains || read_augmentation(&c, AUGMENTATION, &augmentation)) &&
      preprocessing_begin(&p, &c, PREPROCESSING, &images, false)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_profile_images(self->handle, &images, &p.values, trains ? &augmentation : NULL,
                                        &arithmetic, c.values[REPEATS].integer, &profile, rows, capacity);
    Py_END_ALLOW_THREADS
    call_end(&p.arrays);
  }
  call_end(&c);
  PyObject *result = succeeded(status) ? describe_profile(&profile, rows) : NULL;
  PyMem_Free(rows);
  return result;
}

PyMethodDef network_profile_methods[] = {
  METHOD("profile_images", network_profile_images, "What each layer takes for a batch of images."),
  {NULL, NULL, 0, NULL},
};
