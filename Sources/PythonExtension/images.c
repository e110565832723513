/* images.c: uint8 images [count][height][width][channels] in, network input out. */
#include "images.h"

#include <string.h>

#include "errors.h"

sax_images images_of(const call *c, int index) {
  const Py_buffer *b = &c->values[index].array;
  return (sax_images){b->buf, b->shape[0], b->shape[1], b->shape[2], b->shape[3]};
}

/* ---- Preprocessing ---- */

enum { CROP_HEIGHT, CROP_WIDTH, MEAN, SCALE, MEAN_POSITION };

static bool read_mean(const call *c, Py_ssize_t channels, sax_preprocessing *values) {
  const Py_buffer *mean = &c->values[MEAN].array;
  if (!mean->obj) return true;
  values->mean = mean->buf;
  if (mean->ndim == 1) {
    values->mean_kind = SAX_MEAN_CHANNELS;
    return call_expects(c, MEAN, 1, &channels);
  }
  values->mean_kind = SAX_MEAN_IMAGE;
  if (mean->ndim != 3) {
    PyErr_Format(PyExc_ValueError, "%s: mean has %d dimensions, expected [channels] or [height, width, channels]",
                 c->operation, mean->ndim);
    return false;
  }
  values->mean_height = mean->shape[0];
  values->mean_width = mean->shape[1];
  return call_expects(c, MEAN, 3, (Py_ssize_t[]){mean->shape[0], mean->shape[1], channels});
}

/* Whole images may be smaller than the crop; the engine compares the crop with the network's own size. */
static bool read_crop(const call *c, const sax_images *images, bool whole, sax_preprocessing *values) {
  values->crop_height = c->values[CROP_HEIGHT].integer;
  values->crop_width = c->values[CROP_WIDTH].integer;
  if (whole) return true;
  if (values->crop_height >= 1 && values->crop_height <= images->height && values->crop_width >= 1 &&
      values->crop_width <= images->width) {
    return true;
  }
  PyErr_Format(PyExc_ValueError, "%s: the crop is %lld x %lld, expected 1 x 1 to the images' %lld x %lld",
               c->operation, (long long)values->crop_height, (long long)values->crop_width,
               (long long)images->height, (long long)images->width);
  return false;
}

static bool read_mean_position(const call *c, sax_preprocessing *values) {
  const int64_t position = c->values[MEAN_POSITION].integer;
  values->mean_position = (int32_t)position;
  if (position == SAX_MEAN_AT_CENTER || position == SAX_MEAN_AT_CROP) return true;
  PyErr_Format(PyExc_ValueError, "%s: mean_position is %lld, expected 0, the centre, or 1, the crop", c->operation,
               (long long)position);
  return false;
}

bool preprocessing_begin(preprocessing *p, const call *c, int index, const sax_images *images, bool whole) {
  static const argument table[] = {
    {"crop_height", INTEGER},   {"crop_width", INTEGER},   {"mean", INPUT, ANY_RANK, true},
    {"scale", INPUT, 1, true}, {"mean_position", INTEGER}};
  p->values = (sax_preprocessing){.mean_kind = SAX_MEAN_NONE};
  Py_ssize_t channels = (Py_ssize_t)images->channels;
  if (!call_begin_tuple(&p->arrays, c->operation, table, LENGTH(table), c->values[index].object, "preprocessing")) {
    return false;
  }
  p->values.scale = call_data(&p->arrays, SCALE);
  if (read_crop(&p->arrays, images, whole, &p->values) && read_mean(&p->arrays, channels, &p->values) &&
      read_mean_position(&p->arrays, &p->values) && call_expects(&p->arrays, SCALE, 1, &channels)) {
    return true;
  }
  call_end(&p->arrays);
  return false;
}

bool read_augmentation(const call *c, int index, sax_augmentation *values) {
  enum { RANDOM_CROP, FLIP, COLOR_NOISE, EIGENVECTORS, DEVIATIONS, CHUNK, COLOR_DIVISOR, ROTATION, SHIFT };
  static const argument table[] = {{"random_crop", FLAG},
                                   {"flip", FLAG},
                                   {"color_noise", NUMBER},
                                   {"eigenvectors", INPUT, 2, true},
                                   {"deviations", INPUT, 1, true},
                                   {"chunk", INTEGER},
                                   {"color_divisor", NUMBER},
                                   {"rotation", NUMBER},
                                   {"shift", INTEGER}};
  call t;
  if (!call_begin_tuple(&t, c->operation, table, LENGTH(table), c->values[index].object, "augmentation")) return false;
  *values = (sax_augmentation){.random_crop = t.values[RANDOM_CROP].flag,
                               .flip = t.values[FLIP].flag,
                               .color_noise = t.values[COLOR_NOISE].number,
                               .chunk = t.values[CHUNK].integer,
                               .color_divisor = t.values[COLOR_DIVISOR].number,
                               .rotation = t.values[ROTATION].number,
                               .shift = t.values[SHIFT].integer};
  const float *eigenvectors = call_data(&t, EIGENVECTORS), *deviations = call_data(&t, DEVIATIONS);
  bool sound = call_expects(&t, EIGENVECTORS, 2, (Py_ssize_t[]){3, 3}) &&
               call_expects(&t, DEVIATIONS, 1, (Py_ssize_t[]){3});
  if (sound && values->color_noise != 0 && !(eigenvectors && deviations)) {
    PyErr_Format(PyExc_ValueError, "%s: color_noise is given without eigenvectors and deviations", c->operation);
    sound = false;
  }
  if (sound && eigenvectors) memcpy(values->eigenvectors, eigenvectors, sizeof values->eigenvectors);
  if (sound && deviations) memcpy(values->deviations, deviations, sizeof values->deviations);
  call_end(&t);
  return sound;
}

/* ---- Network input ---- */

/* An output of `crops` crops per image, not overlapping the preprocessing's arrays either. The engine knows the valid
 * numbers of crops and refuses others before it writes. */
static bool expects_crops(const call *c, int index, const sax_images *images, int64_t crops, const preprocessing *p) {
  int64_t rows;
  if (crops < 1) return true;
  if (__builtin_mul_overflow(images->count, crops, &rows)) {
    PyErr_Format(PyExc_ValueError, "%s: crops: got %lld of each of %lld images, too many to count", c->operation,
                 (long long)crops, (long long)images->count);
    return false;
  }
  const Py_ssize_t shape[] = {rows, p->values.crop_height, p->values.crop_width, images->channels};
  return call_expects(c, index, 4, shape) &&
         call_is_apart(&p->arrays, &c->values[index].array, c->table[index].name);
}

static PyObject *augment_images(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { PIXELS, PREPROCESSING, AUGMENTATION, IMAGE_SEED, STEP, OUT };
  static const argument table[] = {{"images", IMAGES, 4}, {"preprocessing", OBJECT}, {"augmentation", OBJECT},
                                   {"seed", SEED},        {"step", SEED},            {"out", OUTPUT, 4}};
  call c;
  if (!call_begin(&c, "augment_images", table, LENGTH(table), arguments, given, keywords)) return NULL;
  sax_images images = images_of(&c, PIXELS);
  sax_augmentation augmentation;
  preprocessing p;
  int32_t status = SAX_OK;
  if (read_augmentation(&c, AUGMENTATION, &augmentation) && preprocessing_begin(&p, &c, PREPROCESSING, &images, false)) {
    if (expects_crops(&c, OUT, &images, 1, &p)) {
      Py_BEGIN_ALLOW_THREADS
      status = sax_augment_images(&images, &p.values, &augmentation, c.values[IMAGE_SEED].seed, c.values[STEP].seed,
                                  call_data(&c, OUT));
      Py_END_ALLOW_THREADS
    }
    call_end(&p.arrays);
  }
  return call_result(&c, status);
}

static PyObject *crop_images(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { PIXELS, PREPROCESSING, VIEWS, OUT };
  static const argument table[] = {
    {"images", IMAGES, 4}, {"preprocessing", OBJECT}, {"views", INTEGER}, {"out", OUTPUT, 4}};
  call c;
  if (!call_begin(&c, "crop_images", table, LENGTH(table), arguments, given, keywords)) return NULL;
  sax_images images = images_of(&c, PIXELS);
  int64_t views = c.values[VIEWS].integer;
  preprocessing p;
  int32_t status = SAX_OK;
  if (preprocessing_begin(&p, &c, PREPROCESSING, &images, false)) {
    if (expects_crops(&c, OUT, &images, views, &p)) {
      Py_BEGIN_ALLOW_THREADS
      status = sax_crop_images(&images, &p.values, views, call_data(&c, OUT));
      Py_END_ALLOW_THREADS
    }
    call_end(&p.arrays);
  }
  return call_result(&c, status);
}

/* Which view each image of a step is, as bytes of int32. */
static PyObject *drawn_views(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { AUGMENTATION, IMAGE_SEED, STEP, COUNT };
  static const argument table[] = {{"augmentation", OBJECT}, {"seed", SEED}, {"step", SEED}, {"count", INTEGER}};
  call c;
  if (!call_begin(&c, "drawn_views", table, LENGTH(table), arguments, given, keywords)) return NULL;
  int64_t count = c.values[COUNT].integer;
  sax_augmentation augmentation;
  PyObject *bytes = NULL;
  if (count < 1 || count > MAX_EXTENT) {
    PyErr_Format(PyExc_ValueError, "drawn_views: count is %lld, expected 1 to %d", (long long)count, MAX_EXTENT);
  } else if (read_augmentation(&c, AUGMENTATION, &augmentation)) {
    bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)count * (Py_ssize_t)sizeof(int32_t));
  }
  if (bytes && !succeeded(sax_drawn_views(&augmentation, c.values[IMAGE_SEED].seed, c.values[STEP].seed, count,
                                          (int32_t *)(void *)PyBytes_AsString(bytes)))) {
    Py_CLEAR(bytes);
  }
  call_end(&c);
  return bytes;
}

PyMethodDef image_methods[] = {
  METHOD("augment_images", augment_images, "Augmented network input of uint8 images."),
  METHOD("crop_images", crop_images, "The crops of evaluation of uint8 images: 1, 2, 9, 10 or 50 views."),
  METHOD("drawn_views", drawn_views, "Which view each image of a training step is, as bytes of int32."),
  {NULL, NULL, 0, NULL},
};
