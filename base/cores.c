#include "base/cores.h"

#include <sched.h>

/* More than any kernel is built for (CONFIG_NR_CPUS is 8192 at most). */
#define CORES_MAX 8192

size_t base_cores_available(void)
{
    unsigned long words[CORES_MAX / (8 * sizeof(unsigned long))];
    cpu_set_t *set = (cpu_set_t *)(void *)words;
    if (sched_getaffinity(0, sizeof words, set) != 0) {
        return 1;
    }
    int count = CPU_COUNT_S(sizeof words, set);
    return count > 0 ? (size_t)count : 1;
}
