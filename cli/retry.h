/* Retry: what the start of the program needs of others that may still be on their way up.
 *
 * It is tried again and again until it succeeds, so that programs can be started in any order.
 * Nothing is served meanwhile. Waited for is what may pass by itself, being out of reach and not
 * answering in time; any other failure stays one. Startup thread.
 */
#ifndef CLI_RETRY_H
#define CLI_RETRY_H

#include "base/err.h"
#include "base/stop.h"

/* Time between two attempts: at first, and at most, doubling. */
#define CLI_RETRY_MS 100
#define CLI_RETRY_MS_MAX 2000

struct cli_retry {
    /* Fails with UNAVAILABLE or DEADLINE_EXCEEDED where it is to be made again. */
    bool (*attempt)(const struct cli_retry *self, struct base_err *err);
    const char *event;            /* for the log: "waiting for the store" */
    const char *address;          /* of what is waited for, likewise */
    int wait_s;                   /* how long to try; 0: once */
    const struct base_stop *stop; /* ends the wait at once; may be NULL */
};

/* Tries; logs what it waits for, each reason once. Fails with what the last attempt failed with;
 * CANCELLED where `stop` ended it. */
bool cli_retry_run(const struct cli_retry *retry, struct base_err *err) BASE_MUST_CHECK;

#endif
