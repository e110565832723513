/* swiftalexnet.h: the C boundary of the Swift engine, and the source of truth of that boundary.
 *
 * Rules
 *   - A function that can fail returns a status; results are returned through out-parameters. On failure these
 *     hold nothing useful, and sax_last_error() says, for this thread, which operation refused what.
 *   - No input ends the process. Sizes are checked before memory is allocated; an allocation may fail.
 *   - Tensors are contiguous float32. `layout` says NCHW or NHWC for every 4-D tensor of a call; weights are OIHW
 *     and dense weights [out][in], inputs in the order C,H,W, unless a function says otherwise.
 *   - Images are uint8, NHWC, RGB (or as many channels as the network takes).
 *   - Strings are UTF-8 and end with a NUL byte. Text results are written to `text` (capacity bytes, NUL included).
 *   - Any thread may call any function. Inference on one network runs concurrently; a second training call on a
 *     network that is training fails with SAX_CONCURRENT_USE.
 *
 * One header per topic; this one includes them all. The functions of swiftalexnet_convolution.h are implemented in
 * ConvolutionABI.swift and called in the Python extension's convolution.c, and so on for every topic.
 */
#ifndef SWIFTALEXNET_H
#define SWIFTALEXNET_H

#include "swiftalexnet_activation.h"
#include "swiftalexnet_architectures.h"
#include "swiftalexnet_convolution.h"
#include "swiftalexnet_dense.h"
#include "swiftalexnet_evaluation.h"
#include "swiftalexnet_gradients.h"
#include "swiftalexnet_images.h"
#include "swiftalexnet_locally_connected.h"
#include "swiftalexnet_loss.h"
#include "swiftalexnet_memory.h"
#include "swiftalexnet_networks.h"
#include "swiftalexnet_normalization.h"
#include "swiftalexnet_optimizer.h"
#include "swiftalexnet_perceptual.h"
#include "swiftalexnet_pooling.h"
#include "swiftalexnet_profile.h"
#include "swiftalexnet_recipes.h"
#include "swiftalexnet_resampling.h"
#include "swiftalexnet_runtime.h"
#include "swiftalexnet_linearization.h"
#include "swiftalexnet_tensors.h"
#include "swiftalexnet_training.h"
#include "swiftalexnet_quantization.h"
#include "swiftalexnet_whitening.h"

#endif
