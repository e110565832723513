#include "swiftalexnet.h"

#include <stdio.h>

/* Swift has no thread-local storage. */
static _Thread_local char last_error[1024];

const char *sax_last_error(void) { return last_error; }

void sax_set_last_error(const char *message) { snprintf(last_error, sizeof last_error, "%s", message); }
