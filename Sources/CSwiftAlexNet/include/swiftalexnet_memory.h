/* swiftalexnet_memory.h: how much memory networks take. The rules are those of swiftalexnet.h. */
#ifndef SWIFTALEXNET_MEMORY_H
#define SWIFTALEXNET_MEMORY_H

#include "swiftalexnet_networks.h"

/* Bytes of tensor memory allocated now, and the peak since sax_reset_peak_bytes(). */
int64_t sax_live_bytes(void);
int64_t sax_peak_bytes(void);
void sax_reset_peak_bytes(void);
/* Bytes that this process may still take: the machine's, or fewer in a container; -1 if the system does not say. */
int64_t sax_available_bytes(void);

/* Bytes of tensor memory. */
typedef struct {
  int64_t weights, gradients, velocities;
  int64_t activations; /* outputs of layers and their gradients, and what forward keeps for backward */
  int64_t scratch;     /* packed weights, per-thread buffers, temporary copies */
} sax_memory_use;

/* What the network will take for `batch` images at once, 1 to 2^20, in a training step or in inference
 * (sax_network_forward without `keep`), with the threads and the instruction set in use now. Nothing is allocated. In
 * training int8_dense_weights is 0. */
int32_t sax_network_memory(sax_network *SAX_NONNULL network, int64_t batch, int32_t training,
                           const sax_arithmetic *SAX_NONNULL arithmetic, sax_memory_use *SAX_NONNULL result);
/* The same for a network that need not exist or fit into memory. */
int32_t sax_spec_memory(const char *SAX_NONNULL spec, int64_t batch, int32_t training,
                        const sax_arithmetic *SAX_NONNULL arithmetic, sax_memory_use *SAX_NONNULL result);
/* Releases all memory except that of parameters, gradients and velocities; a kept forward pass is dropped. Waits for
 * inference on other threads to end, and cannot be interrupted meanwhile. */
int32_t sax_network_release_memory(sax_network *SAX_NONNULL network);

#endif
