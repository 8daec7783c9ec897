/* Cores: how many this process may use. */
#ifndef BASE_CORES_H
#define BASE_CORES_H

#include <stddef.h>

/* The processors that the calling thread may run on: those of its cpuset and of taskset(1), not all
 * that the machine has. At least 1. Any thread. */
size_t base_cores_available(void);

#endif
