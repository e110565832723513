// OpenBLAS, loaded when it is first needed: neither the build nor a program that multiplies by its own kernels needs it.
#ifndef COPENBLAS_H
#define COPENBLAS_H

#include <stdbool.h>

/// Loads the library at the first call; all later ones know the answer. Any number of threads may call at once, also
/// while another forks.
///
/// Tried in this order: what the environment variable SWIFTALEXNET_OPENBLAS names, and nothing else where it is set;
/// `_openblas.so` beside the binary that holds this code; `libopenblas.so.0` where the system looks for libraries.
/// - Returns: NULL, or why there is none.
const char *_Nullable openblas_load(void);

/// C = A · B + beta · C of row-major matrices, A rows × inner, B inner × columns; a transposed one lies the other way
/// round. Only after `openblas_load` has answered NULL.
void openblas_multiply(
    int rows, int columns, int inner, const float *_Nonnull left, int left_stride, bool left_transposed,
    const float *_Nonnull right, int right_stride, bool right_transposed, float beta, float *_Nonnull output,
    int output_stride);

#endif
