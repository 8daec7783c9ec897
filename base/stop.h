/* Stop: how a thread that waits is asked to give up.
 *
 * A file descriptor that becomes readable, once and for good, when the wait is to end; whose it is
 * says who makes it. Any thread.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include <stdbool.h>

struct base_stop {
    int fd; /* -1: never */
};

/* Whether to give up. NULL: no. */
bool base_stop_is_asked(const struct base_stop *stop);

/* Waits for `ms`, or until to give up; returns whether to. NULL: sleeps. */
bool base_stop_sleep(const struct base_stop *stop, int ms);

#endif
