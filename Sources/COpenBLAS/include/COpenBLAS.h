// OpenBLAS, loaded when it is first needed: neither the build nor a program using the engine's kernels needs it.
#ifndef COPENBLAS_H
#define COPENBLAS_H

#include <stdbool.h>

/// Loads the library on the first call; later calls return the same result. Any number of threads may call at once,
/// even while another forks.
///
/// Tried in this order: what the environment variable SWIFTALEXNET_OPENBLAS names, and nothing else if it is set;
/// `_openblas.so` beside the binary that contains this code; `libopenblas.so.0` in the system's library path.
/// - Returns: NULL, or why it is not available.
const char *_Nullable openblas_load(void);

/// C = A · B + beta · C of row-major matrices, A rows × inner, B inner × columns; a transposed one is stored the other
/// way round. Only after `openblas_load` has returned NULL.
void openblas_multiply(
    int rows, int columns, int inner, const float *_Nonnull left, int left_stride, bool left_transposed,
    const float *_Nonnull right, int right_stride, bool right_transposed, float beta, float *_Nonnull output,
    int output_stride);

#endif
