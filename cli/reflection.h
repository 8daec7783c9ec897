/* Reflection: the descriptors of an upstream that may not be there yet.
 *
 * At the start of a gateway with --reflect its upstream may still be on its way up: it is asked
 * again and again until it answers, so that the two can be started in any order. Nothing is served
 * meanwhile. What the upstream is waited for is being reachable and answering in time; any other
 * failure stays one. Startup thread.
 */
#ifndef CLI_REFLECTION_H
#define CLI_REFLECTION_H

#include "base/buf.h"
#include "base/stop.h"
#include "rpc/channel.h"

/* Time between two attempts: at first, and at most, doubling. */
#define CLI_REFLECTION_RETRY_MS 100
#define CLI_REFLECTION_RETRY_MS_MAX 2000

struct cli_reflection {
    struct rpc_channel *upstream;
    const char *address;          /* of the upstream, for the log */
    int wait_s;                   /* how long to ask again; 0: asks once */
    const struct base_stop *stop; /* ends asking and waiting at once; may be NULL */
};

/* Fetches them as rpc_reflection_fetch does into `out`, which is empty; logs what it waits for,
 * each reason once. Fails with what the last attempt failed with; CANCELLED where `stop` ended it.
 */
bool cli_reflection_fetch(const struct cli_reflection *reflection, struct base_buf *out,
                          struct base_err *err) BASE_MUST_CHECK;

#endif
