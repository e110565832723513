/* resampling.c: resizing one uint8 image [height][width][channels]. */
#include "calls.h"
#include "errors.h"

/* The outputs of an axis, [count] starts and [count][taps] weights. */
static bool read_axis(const call *c, int starts, int weights, sax_axis *axis) {
  const Py_buffer *first = &c->values[starts].array, *all = &c->values[weights].array;
  *axis = (sax_axis){first->buf, all->buf, first->shape[0], all->shape[1]};
  return call_expects(c, weights, 2, (Py_ssize_t[]){first->shape[0], all->shape[1]});
}

static PyObject *resample(PyObject *self, ARGUMENTS) {
  (void)self;
  enum { IMAGE, ROWS, ROW_WEIGHTS, COLUMNS, COLUMN_WEIGHTS, OUT };
  static const argument table[] = {{"image", IMAGES, 3},   {"rows", LABELS, 1},          {"row_weights", INPUT, 2},
                                   {"columns", LABELS, 1}, {"column_weights", INPUT, 2}, {"out", OUTPUT_IMAGES, 3}};
  call c;
  if (!call_begin(&c, "resample", table, LENGTH(table), arguments, given, keywords)) return NULL;
  const Py_buffer *image = &c.values[IMAGE].array;
  sax_images images = {image->buf, 1, image->shape[0], image->shape[1], image->shape[2]};
  sax_axis rows, columns;
  int32_t status = SAX_OK;
  if (read_axis(&c, ROWS, ROW_WEIGHTS, &rows) && read_axis(&c, COLUMNS, COLUMN_WEIGHTS, &columns) &&
      call_expects(&c, OUT, 3, (Py_ssize_t[]){rows.count, columns.count, images.channels})) {
    Py_BEGIN_ALLOW_THREADS
    status = sax_resample(&images, &rows, &columns, call_data(&c, OUT));
    Py_END_ALLOW_THREADS
  }
  return call_result(&c, status);
}

PyMethodDef resampling_methods[] = {
  METHOD("resample", resample, "An image of bytes in another size, by weighted sums along both axes."),
  {NULL, NULL, 0, NULL},
};
