#define _GNU_SOURCE
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/// cblas_sgemm, as in the CBLAS interface.
typedef void sgemm_function(
    int order, int left_transposed, int right_transposed, int rows, int columns, int inner, float alpha,
    const float *left, int left_stride, const float *right, int right_stride, float beta, float *output,
    int output_stride);

/// The result of loading; never changed once visible.
typedef struct {
  sgemm_function *sgemm;
  char failure[1024];
} library;

static _Atomic(const library *) known;
/// Held while a thread loads.
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

// ---- Fork ----

// If another thread of the parent is loading during a fork, the child would find a library that is never finished. So a
// fork waits for the load to end; not forever, because before glibc 2.36 the library's constructor may wait for the
// fork.

static _Thread_local bool fork_holds_lock;

static void before_fork(void) {
  struct timespec limit;
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += 1;
  fork_holds_lock = pthread_mutex_timedlock(&loading, &limit) == 0;
}

static void after_fork_in_parent(void) {
  if (fork_holds_lock) pthread_mutex_unlock(&loading);
}

static void after_fork_in_child(void) {
  static const library torn = {NULL, "another thread was loading it when this process was forked"};
  const library *unknown = NULL;
  if (!fork_holds_lock) atomic_compare_exchange_strong(&known, &unknown, &torn);
  pthread_mutex_init(&loading, NULL);
}

__attribute__((constructor)) static void watch_forks(void) {
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

// ---- Loading ----

/// Fills `found` with the functions of the library at `path`, or with the reason it cannot be used.
static bool load(const char *path, library *found) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    snprintf(found->failure, sizeof found->failure, "%s", dlerror());
    return false;
  }
  const char *(*config)(void) = (const char *(*)(void))dlsym(handle, "openblas_get_config");
  sgemm_function *sgemm = (sgemm_function *)dlsym(handle, "cblas_sgemm");
  if (!config || !sgemm) {
    snprintf(found->failure, sizeof found->failure, "%s is not OpenBLAS", path);
  } else if (strstr(config(), "USE64BITINT")) {
    snprintf(found->failure, sizeof found->failure, "%s was built with 64-bit integers, expected 32-bit", path);
  } else {
    found->sgemm = sgemm;
    return true;
  }
  // Not closed: a library that has started threads must stay loaded.
  return false;
}

/// The path of `name` in the folder of the shared object or program that contains this code.
static bool beside_this_code(const char *name, char *path, size_t capacity) {
  Dl_info info;
  if (!dladdr((void *)openblas_load, &info) || !info.dli_fname) return false;
  const char *slash = strrchr(info.dli_fname, '/');
  if (!slash) return false;
  int length = snprintf(path, capacity, "%.*s/%s", (int)(slash - info.dli_fname), info.dli_fname, name);
  return length > 0 && (size_t)length < capacity && access(path, R_OK) == 0;
}

static void look_for_library(library *found) {
  const char *wish = getenv("SWIFTALEXNET_OPENBLAS");
  char path[4096];
  if (wish && *wish) {
    load(wish, found);
  } else if (!beside_this_code("_openblas.so", path, sizeof path) || !load(path, found)) {
    load("libopenblas.so.0", found);
  }
}

const char *openblas_load(void) {
  const library *answer = atomic_load_explicit(&known, memory_order_acquire);
  if (!answer) {
    static library found;
    pthread_mutex_lock(&loading);
    answer = atomic_load(&known);
    if (!answer) {
      look_for_library(&found);
      atomic_store(&known, &found);
      answer = &found;
    }
    pthread_mutex_unlock(&loading);
  }
  return answer->sgemm ? NULL : answer->failure;
}

void openblas_multiply(
    int rows, int columns, int inner, const float *left, int left_stride, bool left_transposed, const float *right,
    int right_stride, bool right_transposed, float beta, float *output, int output_stride) {
  const int row_major = 101, as_it_is = 111, transposed = 112;
  atomic_load_explicit(&known, memory_order_acquire)->sgemm(
      row_major, left_transposed ? transposed : as_it_is, right_transposed ? transposed : as_it_is, rows, columns, inner,
      1, left, left_stride, right, right_stride, beta, output, output_stride);
}
