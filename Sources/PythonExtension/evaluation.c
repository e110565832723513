/* evaluation.c: predictions for uint8 images, and their scores. */
#include "errors.h"
#include "images.h"
#include "networks.h"

/* How an image is predicted: from views, or densely. `how` is the argument between preprocessing and arithmetic. */
typedef int32_t (*prediction)(sax_network *network, const sax_images *images, const sax_preprocessing *preprocessing,
                              const argument_value *how, const sax_arithmetic *arithmetic, float *probabilities);

/* `whole`: see preprocessing_begin(). */
static PyObject *predict(PyObject *object, prediction function, argument how, bool whole, ARGUMENTS) {
  enum { PIXELS, PREPROCESSING, HOW, ARITHMETIC, PROBABILITIES };
  const argument table[] = {
    {"images", IMAGES, 4}, {"preprocessing", OBJECT}, how, {"arithmetic", INTEGERS, 3}, {"probabilities", OUTPUT, 2}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "predict", table, LENGTH(table), arguments, given, keywords)) return NULL;
  sax_images images = images_of(&c, PIXELS);
  sax_arithmetic arithmetic = call_arithmetic(&c, ARITHMETIC);
  preprocessing p;
  int32_t status = SAX_OK;
  if (preprocessing_begin(&p, &c, PREPROCESSING, &images, whole)) {
    if (call_expects(&c, PROBABILITIES, 2, (Py_ssize_t[]){images.count, network_classes(self)}) &&
        call_is_apart(&p.arrays, &c.values[PROBABILITIES].array, "probabilities")) {
      Py_BEGIN_ALLOW_THREADS
      status = function(self->handle, &images, &p.values, &c.values[HOW], &arithmetic, call_data(&c, PROBABILITIES));
      Py_END_ALLOW_THREADS
    }
    call_end(&p.arrays);
  }
  return call_result(&c, status);
}

static int32_t from_views(sax_network *network, const sax_images *images, const sax_preprocessing *preprocessing,
                          const argument_value *views, const sax_arithmetic *arithmetic, float *probabilities) {
  return sax_network_predict_images(network, images, preprocessing, views->integer, arithmetic, probabilities);
}

static int32_t densely(sax_network *network, const sax_images *images, const sax_preprocessing *preprocessing,
                       const argument_value *mirror, const sax_arithmetic *arithmetic, float *probabilities) {
  return sax_network_predict_dense(network, images, preprocessing, mirror->flag, arithmetic, probabilities);
}

static PyObject *network_predict_images(PyObject *object, ARGUMENTS) {
  return predict(object, from_views, (argument){"views", INTEGER}, false, arguments, given, keywords);
}

static PyObject *network_predict_dense(PyObject *object, ARGUMENTS) {
  return predict(object, densely, (argument){"mirror", FLAG}, true, arguments, given, keywords);
}

static PyObject *network_predict_features(PyObject *object, ARGUMENTS) {
  enum { NODE, FEATURES, TENSOR_LAYOUT, ARITHMETIC, PROBABILITIES };
  static const argument table[] = {{"node", TEXT},
                                   {"features", INPUT},
                                   {"layout", LAYOUT},
                                   {"arithmetic", INTEGERS, 3},
                                   {"probabilities", OUTPUT, 2}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "predict", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int32_t layout = c.values[TENSOR_LAYOUT].layout, status = SAX_OK;
  sax_arithmetic arithmetic = call_arithmetic(&c, ARITHMETIC);
  const Py_buffer *features = &c.values[FEATURES].array;
  const sax_node *node = call_features(&c, FEATURES, NODE, self, layout);
  if (node &&
      call_expects(&c, PROBABILITIES, 2, (Py_ssize_t[]){features->shape[0], (Py_ssize_t)network_classes(self)})) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_network_predict_features(self->handle, node->name, features->buf, features->shape[0], layout,
                                          &arithmetic, call_data(&c, PROBABILITIES));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

static PyObject *network_score_map_size(PyObject *object, ARGUMENTS) {
  static const argument table[] = {{"height", INTEGER}, {"width", INTEGER}};
  call c;
  if (!call_begin(&c, "score_map_size", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t rows, columns;
  int32_t status = sax_network_score_map_size(((network_object *)object)->handle, c.values[0].integer,
                                              c.values[1].integer, &rows, &columns);
  call_end(&c);
  return succeeded(status) ? Py_BuildValue("(LL)", (long long)rows, (long long)columns) : NULL;
}

static PyObject *network_score_map(PyObject *object, ARGUMENTS) {
  enum { PIXELS, PREPROCESSING, ARITHMETIC, SCORES };
  static const argument table[] = {{"images", IMAGES, 4}, {"preprocessing", OBJECT}, {"arithmetic", INTEGERS, 3}, {"scores", OUTPUT, 4}};
  network_object *self = (network_object *)object;
  call c;
  if (!call_begin(&c, "score_map", table, LENGTH(table), arguments, given, keywords)) return NULL;
  sax_images images = images_of(&c, PIXELS);
  sax_arithmetic arithmetic = call_arithmetic(&c, ARITHMETIC);
  int64_t rows = 0, columns = 0;
  preprocessing p;
  int32_t status = sax_network_score_map_size(self->handle, images.height, images.width, &rows, &columns);
  if (status == SAX_OK && preprocessing_begin(&p, &c, PREPROCESSING, &images, true)) {
    const Py_ssize_t shape[] = {images.count, rows, columns, network_classes(self)};
    if (call_expects(&c, SCORES, 4, shape) && call_is_apart(&p.arrays, &c.values[SCORES].array, "scores")) {
      Py_BEGIN_ALLOW_THREADS
      status = sax_network_score_map(self->handle, &images, &p.values, &arithmetic,
                                     call_data(&c, SCORES));
      Py_END_ALLOW_THREADS
    }
    call_end(&p.arrays);
  }
  return call_result(&c, status);
}

static PyObject *score(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { PROBABILITIES, TARGETS };
  static const argument table[] = {{"probabilities", INPUT, 2}, {"labels", LABELS, 1}};
  call c;
  if (!call_begin(&c, "score", table, LENGTH(table), arguments, given, keywords)) return NULL;
  const Py_ssize_t *shape = c.values[PROBABILITIES].array.shape;
  sax_score sums;
  int32_t status = SAX_OK;
  if (call_expects(&c, TARGETS, 1, shape)) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_score_probabilities(call_data(&c, PROBABILITIES), call_data(&c, TARGETS), shape[0], shape[1], &sums);
    Py_END_ALLOW_THREADS
  }
  call_end(&c);
  return succeeded(status) ? Py_BuildValue("(ddd)", sums.top1_credit, sums.top5_credit, sums.loss) : NULL;
}

PyMethodDef network_evaluation_methods[] = {
  METHOD("predict_images", network_predict_images, "Probabilities of uint8 images, averaged over views."),
  METHOD("predict_features", network_predict_features, "Probabilities from a node's outputs."),
  METHOD("predict_dense", network_predict_dense, "Probabilities of whole uint8 images, by dense evaluation."),
  METHOD("score_map_size", network_score_map_size, "Rows and columns of the score map of images of a size."),
  METHOD("score_map", network_score_map, "Logits at every position of whole uint8 images."),
  {NULL, NULL, 0, NULL},
};

PyMethodDef evaluation_methods[] = {
  METHOD("score", score, "Sums of top-1 credit, top-5 credit and loss over rows of probabilities."),
  {NULL, NULL, 0, NULL},
};
