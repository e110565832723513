/* training.c: training steps, on tensors and on images. */
#include "training.h"
#include "errors.h"
#include "images.h"

bool step_options_begin(step_options *o, const call *c, int index, const network_object *network, Py_ssize_t batch) {
  enum { RATE, MOMENTUM, DECAY, RULE, OPTION_SEED, STEP, RATES, DECAYS, PRECISION, SAMPLE_WEIGHT, TRUST, PLAIN_BIASES,
         FAST_MATH };
  static const argument table[] = {{"learning_rate", NUMBER}, {"momentum", NUMBER},      {"weight_decay", NUMBER},
                                   {"rule", INTEGER},         {"seed", SEED},            {"step", SEED},
                                   {"rates", INPUT, 1, true}, {"decays", INPUT, 1, true},
                                   {"precision", INTEGER},    {"sample_weight", INPUT, 1, true},
                                   {"trust_coefficient", NUMBER}, {"plain_biases", FLAG},
                                   {"fast_math", FLAG}};
  call *t = &o->arrays;
  if (!call_begin_tuple(t, c->operation, table, LENGTH(table), c->values[index].object, "options")) return false;
  int64_t rule = t->values[RULE].integer;
  Py_ssize_t count = (Py_ssize_t)sax_network_parameter_count(network->handle);
  int64_t precision = t->values[PRECISION].integer;
  bool known = false;
  if (rule < SAX_RULE_PAPER || rule > SAX_RULE_LARS) {
    PyErr_Format(PyExc_ValueError, "%s: rule is %lld, expected 0 (paper), 1 (PyTorch), 2 (Caffe) or 3 (LARS)",
                 c->operation, (long long)rule);
  } else if (precision < SAX_FLOAT32 || precision > SAX_BFLOAT16) {
    PyErr_Format(PyExc_ValueError, "%s: precision is %lld, expected 0 (float32) or 1 (bfloat16)", c->operation,
                 (long long)precision);
  } else known = true;
  if (!known || !call_expects(t, RATES, 1, &count) || !call_expects(t, DECAYS, 1, &count) ||
      !call_expects(t, SAMPLE_WEIGHT, 1, &batch)) {
    call_end(t);
    return false;
  }
  o->values = (sax_step_options){.learning_rate = t->values[RATE].number,
                                 .momentum = t->values[MOMENTUM].number,
                                 .weight_decay = t->values[DECAY].number,
                                 .rule = (int32_t)rule,
                                 .seed = t->values[OPTION_SEED].seed,
                                 .step = t->values[STEP].seed,
                                 .rates = call_data(t, RATES),
                                 .decays = call_data(t, DECAYS),
                                 .count = count,
                                 .precision = (int32_t)precision,
                                 .sample_weights = call_data(t, SAMPLE_WEIGHT),
                                 .sample_weight_count = batch,
                                 .trust_coefficient = t->values[TRUST].number,
                                 .plain_biases = t->values[PLAIN_BIASES].flag,
                                 .fast_math = t->values[FAST_MATH].flag};
  return true;
}

static PyObject *network_train_step(PyObject *object, ARGUMENTS) {
  enum { X, TARGETS, TENSOR_LAYOUT, OPTIONS };
  static const argument table[] = {{"x", INPUT, 4}, {"labels", LABELS, 1}, {"layout", LAYOUT}, {"options", OBJECT}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "train_step", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  Py_ssize_t batch = c.values[X].array.shape[0];
  step_options options;
  sax_step_result result;
  if (call_expects_input(&c, X, self, batch, layout) && call_expects(&c, TARGETS, 1, &batch) &&
      step_options_begin(&options, &c, OPTIONS, self, batch)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_train_step(self->handle, call_data(&c, X), call_data(&c, TARGETS), batch, layout,
                                    &options.values, &result);
    Py_END_ALLOW_THREADS
    call_end(&options.arrays);
  }
  call_end(&c);
  return succeeded(status) ? Py_BuildValue("(dd)", result.loss, result.top1_error) : NULL;
}

static PyObject *network_train_step_images(PyObject *object, ARGUMENTS) {
  enum { PIXELS, TARGETS, PREPROCESSING, AUGMENTATION, OPTIONS };
  static const argument table[] = {{"images", IMAGES, 4},    {"labels", LABELS, 1}, {"preprocessing", OBJECT},
                                   {"augmentation", OBJECT}, {"options", OBJECT}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "train_step", table, LENGTH(table), arguments, given, keywords)) return NULL;
  sax_images images = images_of(&c, PIXELS);
  sax_augmentation augmentation;
  step_options options;
  sax_step_result result;
  preprocessing p;
  int32_t status = SAX_OK;
  if (call_expects(&c, TARGETS, 1, c.values[PIXELS].array.shape) &&
      read_augmentation(&c, AUGMENTATION, &augmentation) && step_options_begin(&options, &c, OPTIONS, self, images.count)) {
    if (preprocessing_begin(&p, &c, PREPROCESSING, &images, false)) {
      Py_BEGIN_ALLOW_THREADS
      status = sax_network_train_step_images(self->handle, &images, call_data(&c, TARGETS), &p.values, &augmentation,
                                             &options.values, &result);
      Py_END_ALLOW_THREADS
      call_end(&p.arrays);
    }
    call_end(&options.arrays);
  }
  call_end(&c);
  return succeeded(status) ? Py_BuildValue("(dd)", result.loss, result.top1_error) : NULL;
}

static PyObject *network_train_step_features(PyObject *object, ARGUMENTS) {
  enum { NODE, FEATURES, TARGETS, TENSOR_LAYOUT, OPTIONS };
  static const argument table[] = {
    {"node", TEXT}, {"features", INPUT}, {"labels", LABELS, 1}, {"layout", LAYOUT}, {"options", OBJECT}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "train_step", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  const sax_node *node = call_features(&c, FEATURES, NODE, self, layout);
  step_options options;
  sax_step_result result;
  if (node && call_expects(&c, TARGETS, 1, c.values[FEATURES].array.shape) &&
      step_options_begin(&options, &c, OPTIONS, self, (Py_ssize_t)c.values[FEATURES].array.shape[0])) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_train_step_features(self->handle, node->name, call_data(&c, FEATURES), call_data(&c, TARGETS),
                                             c.values[FEATURES].array.shape[0], layout, &options.values, &result);
    Py_END_ALLOW_THREADS
    call_end(&options.arrays);
  }
  call_end(&c);
  return succeeded(status) ? Py_BuildValue("(dd)", result.loss, result.top1_error) : NULL;
}

static PyObject *network_prepare_update(PyObject *object, ARGUMENTS) {
  static const argument table[] = {{"options", OBJECT}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "prepare_update", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t status = SAX_OK;
  step_options options;
  if (step_options_begin(&options, &c, 0, self, 0)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_prepare_update(self->handle, &options.values);
    Py_END_ALLOW_THREADS
    call_end(&options.arrays);
  }
  return call_result(&c, status);
}

static PyObject *network_commit_update(PyObject *object, PyObject *unused) {
  (void)unused;
  int32_t status;
  Py_BEGIN_ALLOW_THREADS
  status = sax_network_commit_update(((network_object *)object)->handle);
  Py_END_ALLOW_THREADS
  if (!succeeded(status)) return NULL;
  Py_RETURN_NONE;
}

PyMethodDef network_training_methods[] = {
  METHOD("train_step", network_train_step, "Forward, loss, backward, update."),
  METHOD("train_step_images", network_train_step_images, "A training step on augmented uint8 images."),
  METHOD("train_step_features", network_train_step_features, "A training step that begins with a node's outputs."),
  METHOD("prepare_update", network_prepare_update, "Checks the update by the last gradients; changes nothing."),
  {"commit_update", network_commit_update, METH_NOARGS, "Makes the update that was prepared."},
  {NULL, NULL, 0, NULL},
};
