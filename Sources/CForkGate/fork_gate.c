#include "CForkGate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

/// Threads inside.
static atomic_int inside;
/// Forks under way; nobody enters meanwhile.
static atomic_int forks;
static _Thread_local int depth;
static _Atomic(void (*)(void)) child_handler;

/// A fork does not wait longer: its caller may hold what a thread inside waits for.
enum { LONGEST_WAIT_MILLISECONDS = 1000 };

static void wait_a_little(void) {
  const struct timespec moment = {0, 50 * 1000};
  nanosleep(&moment, NULL);
}

// ---- Threads ----

static void pass(void) {
  for (;;) {
    while (atomic_load(&forks)) wait_a_little();
    atomic_fetch_add(&inside, 1);
    if (!atomic_load(&forks)) return;
    atomic_fetch_sub(&inside, 1);  // a fork began at the same moment
  }
}

void fork_gate_enter(void) {
  if (depth++ == 0) pass();
}

void fork_gate_leave(void) {
  if (--depth == 0) atomic_fetch_sub(&inside, 1);
}

int fork_gate_step_out(void) {
  const int entered = depth;
  if (entered) atomic_fetch_sub(&inside, 1);
  depth = 0;
  return entered;
}

void fork_gate_step_in(int entered) {
  if (entered) pass();
  depth = entered;
}

// ---- Forks ----

static void before_fork(void) {
  atomic_fetch_add(&forks, 1);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const long long start = now.tv_sec * 1000LL + now.tv_nsec / 1000000;
  const int own = depth > 0;
  while (atomic_load(&inside) > own) {
    wait_a_little();
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec * 1000LL + now.tv_nsec / 1000000 - start >= LONGEST_WAIT_MILLISECONDS) break;
  }
}

static void after_fork_in_parent(void) { atomic_fetch_sub(&forks, 1); }

static void after_fork_in_child(void) {
  atomic_store(&inside, depth > 0);
  atomic_store(&forks, 0);
  void (*handler)(void) = atomic_load(&child_handler);
  if (handler) handler();
}

void fork_gate_set_child_handler(void (*handler)(void)) { atomic_store(&child_handler, handler); }

__attribute__((constructor)) static void watch_forks(void) {
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
