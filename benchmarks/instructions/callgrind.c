/* Callgrind's switches, as functions for ctypes. Outside of valgrind they do nothing. */
#include <valgrind/callgrind.h>

int counted(void) { return RUNNING_ON_VALGRIND; }

void start(void) { CALLGRIND_START_INSTRUMENTATION; }

void stop(void) { CALLGRIND_STOP_INSTRUMENTATION; }

void zero(void) { CALLGRIND_ZERO_STATS; }

/* Writes the counts since the last zero or dump into a file of their own. */
void dump(const char *label) { CALLGRIND_DUMP_STATS_AT(label); }
