/* gradients.c: a training step in two halves, for processes that share a batch. */
#include "errors.h"
#include "images.h"
#include "shards.h"
#include "training.h"

/* The part of a batch that this process computes, a separate tuple, and what it gives. */
typedef struct {
  sax_batch_share values;
  int32_t shards[MAX_SHARDS];
  sax_shard_result results[MAX_SHARDS];
} batch_share;

Py_ssize_t read_shards(PyObject *tuple, const char *operation, int32_t shards[MAX_SHARDS]) {
  if (!PyTuple_Check(tuple) || PyTuple_Size(tuple) < 1 || PyTuple_Size(tuple) > MAX_SHARDS) {
    PyErr_Format(PyExc_ValueError, "%s: shards is not a tuple of 1 to %d numbers of images", operation, MAX_SHARDS);
    return 0;
  }
  for (Py_ssize_t i = 0; i < PyTuple_Size(tuple); i++) {
    long count = PyLong_AsLong(PyTuple_GetItem(tuple, i));
    if (count < 0 || count > MAX_EXTENT) {
      if (!PyErr_Occurred()) {
        PyErr_Format(PyExc_ValueError, "%s: a shard of %ld images, expected 0 to %d", operation, count, MAX_EXTENT);
      }
      return 0;
    }
    shards[i] = (int32_t)count;
  }
  return PyTuple_Size(tuple);
}

/* The memory is released with PyMem_Free. NULL with an exception set on failure. */
static batch_share *read_share(const call *c, int index) {
  enum { FIRST_IMAGE, SHARDS, DIVISOR, ROUNDS_SUMS, FACTOR_BATCH };
  static const argument table[] = {{"first_image", INTEGER},
                                   {"shards", OBJECT},
                                   {"divisor", REAL},
                                   {"rounds_sums", FLAG},
                                   {"factor_batch", INTEGER}};
  call t;
  if (!call_begin_tuple(&t, c->operation, table, LENGTH(table), c->values[index].object, "share")) return NULL;
  batch_share *share = PyMem_Calloc(1, sizeof *share);
  int64_t first = t.values[FIRST_IMAGE].integer, factor_batch = t.values[FACTOR_BATCH].integer;
  Py_ssize_t count;
  if (!share) {
    PyErr_NoMemory();
  } else if (first < 0 || first > MAX_EXTENT || factor_batch < 0 || factor_batch > MAX_EXTENT) {
    PyErr_Format(PyExc_ValueError, "%s: first_image is %lld, factor_batch %lld, expected 0 to %d", c->operation,
                 (long long)first, (long long)factor_batch, MAX_EXTENT);
  } else if ((count = read_shards(t.values[SHARDS].object, c->operation, share->shards))) {
    share->values = (sax_batch_share){.first_image = first,
                                      .shards = share->shards,
                                      .shard_count = count,
                                      .divisor = t.values[DIVISOR].real,
                                      .rounds_sums = t.values[ROUNDS_SUMS].flag,
                                      .factor_batch = factor_batch};
    call_end(&t);
    return share;
  }
  call_end(&t);
  PyMem_Free(share);
  return NULL;
}

/* (loss, top1_errors) of each shard, if the call succeeded; releases the share. */
static PyObject *results_of(batch_share *share, int32_t status) {
  PyObject *results = NULL;
  if (share && succeeded(status)) results = PyTuple_New((Py_ssize_t)share->values.shard_count);
  for (Py_ssize_t i = 0; results && i < PyTuple_Size(results); i++) {
    PyObject *pair = Py_BuildValue("(dd)", share->results[i].loss, share->results[i].top1_errors);
    if (!pair || PyTuple_SetItem(results, i, pair) < 0) Py_CLEAR(results);
  }
  PyMem_Free(share);
  return results;
}

static PyObject *network_gradients(PyObject *object, ARGUMENTS) {
  enum { X, TARGETS, TENSOR_LAYOUT, OPTIONS, SHARE };
  static const argument table[] = {
    {"x", INPUT, 4}, {"labels", LABELS, 1}, {"layout", LAYOUT}, {"options", OBJECT}, {"share", OBJECT}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "gradients", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  Py_ssize_t batch = c.values[X].array.shape[0];
  step_options options;
  batch_share *share = NULL;
  if (call_expects_input(&c, X, self, batch, layout) && call_expects(&c, TARGETS, 1, &batch) &&
      step_options_begin(&options, &c, OPTIONS, self, batch)) {
    if ((share = read_share(&c, SHARE))) {
      Py_BEGIN_ALLOW_THREADS
      status = sax_network_gradients(self->handle, call_data(&c, X), call_data(&c, TARGETS), batch, layout,
                                     &options.values, &share->values, share->results);
      Py_END_ALLOW_THREADS
    }
    call_end(&options.arrays);
  }
  call_end(&c);
  return results_of(share, status);
}

static PyObject *network_gradients_images(PyObject *object, ARGUMENTS) {
  enum { PIXELS, TARGETS, PREPROCESSING, AUGMENTATION, OPTIONS, SHARE };
  static const argument table[] = {{"images", IMAGES, 4},    {"labels", LABELS, 1}, {"preprocessing", OBJECT},
                                   {"augmentation", OBJECT}, {"options", OBJECT},   {"share", OBJECT}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "gradients", table, LENGTH(table), arguments, given, keywords)) return NULL;
  sax_images images = images_of(&c, PIXELS);
  sax_augmentation augmentation;
  step_options options;
  batch_share *share = NULL;
  preprocessing p;
  int32_t status = SAX_OK;
  if (call_expects(&c, TARGETS, 1, c.values[PIXELS].array.shape) &&
      read_augmentation(&c, AUGMENTATION, &augmentation) &&
      step_options_begin(&options, &c, OPTIONS, self, images.count)) {
    if (preprocessing_begin(&p, &c, PREPROCESSING, &images, false)) {
      if ((share = read_share(&c, SHARE))) {
        Py_BEGIN_ALLOW_THREADS
        status = sax_network_gradients_images(self->handle, &images, call_data(&c, TARGETS), &p.values, &augmentation,
                                              &options.values, &share->values, share->results);
        Py_END_ALLOW_THREADS
      }
      call_end(&p.arrays);
    }
    call_end(&options.arrays);
  }
  call_end(&c);
  return results_of(share, status);
}

static PyObject *network_gradients_features(PyObject *object, ARGUMENTS) {
  enum { NODE, FEATURES, TARGETS, TENSOR_LAYOUT, OPTIONS, SHARE };
  static const argument table[] = {{"node", TEXT},     {"features", INPUT}, {"labels", LABELS, 1},
                                   {"layout", LAYOUT}, {"options", OBJECT}, {"share", OBJECT}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "gradients", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  const sax_node *node = call_features(&c, FEATURES, NODE, self, layout);
  step_options options;
  batch_share *share = NULL;
  if (node && call_expects(&c, TARGETS, 1, c.values[FEATURES].array.shape) &&
      step_options_begin(&options, &c, OPTIONS, self, (Py_ssize_t)c.values[FEATURES].array.shape[0])) {
    if ((share = read_share(&c, SHARE))) {
      Py_BEGIN_ALLOW_THREADS
      status = sax_network_gradients_features(self->handle, node->name, call_data(&c, FEATURES),
                                              call_data(&c, TARGETS), c.values[FEATURES].array.shape[0], layout,
                                              &options.values, &share->values, share->results);
      Py_END_ALLOW_THREADS
    }
    call_end(&options.arrays);
  }
  call_end(&c);
  return results_of(share, status);
}

static PyObject *network_apply_gradients(PyObject *object, ARGUMENTS) {
  static const argument table[] = {{"options", OBJECT}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "apply_gradients", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t status = SAX_OK;
  step_options options;
  if (step_options_begin(&options, &c, 0, self, 0)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_apply_gradients(self->handle, &options.values);
    Py_END_ALLOW_THREADS
    call_end(&options.arrays);
  }
  return call_result(&c, status);
}

static PyObject *network_gradient_blocks(PyObject *object, PyObject *unused) {
  (void)unused;
  network_object *self = (network_object *)object;
  int64_t count = sax_network_gradient_block_count(self->handle);
  PyObject *blocks = PyList_New(0);
  for (int64_t index = 0; blocks && index < count; index++) {
    PyObject *block = new_gradient_block(self, index);
    if (!block || PyList_Append(blocks, block) < 0) Py_CLEAR(blocks);
    Py_XDECREF(block);
  }
  return blocks;
}

static PyObject *network_finished_gradients(PyObject *object, PyObject *unused) {
  (void)unused;
  return PyLong_FromLongLong(sax_network_finished_gradients(((network_object *)object)->handle));
}

static PyObject *network_forget_finished(PyObject *object, PyObject *unused) {
  (void)unused;
  sax_network_forget_finished(((network_object *)object)->handle);
  Py_RETURN_NONE;
}

PyMethodDef network_gradient_methods[] = {
  METHOD("gradients", network_gradients, "Forward, loss, backward of a part of a batch."),
  METHOD("gradients_images", network_gradients_images, "The same on augmented uint8 images."),
  METHOD("gradients_features", network_gradients_features, "The same beginning with a node's outputs."),
  METHOD("apply_gradients", network_apply_gradients, "Check the gradients and update the weights."),
  {"gradient_blocks", network_gradient_blocks, METH_NOARGS, "The memory of the gradients, the last layer's first."},
  {"finished_gradients", network_finished_gradients, METH_NOARGS, "Floats of it that the pass under way has finished."},
  {"forget_finished", network_forget_finished, METH_NOARGS, "Set the counters of finished gradients and factors to 0."},
  {NULL, NULL, 0, NULL},
};
