/* Reflection: the descriptors of an upstream that may not be there yet (cli/retry.h). Startup
 * thread. */
#ifndef CLI_REFLECTION_H
#define CLI_REFLECTION_H

#include "base/buf.h"
#include "base/stop.h"
#include "rpc/channel.h"

struct cli_reflection {
    struct rpc_channel *upstream;
    const char *address;          /* of the upstream, for the log */
    int wait_s;                   /* how long to ask again; 0: asks once */
    const struct base_stop *stop; /* ends asking and waiting at once; may be NULL */
};

/* Fetches them as rpc_reflection_fetch does into `out`, which is empty. Fails as cli_retry_run. */
bool cli_reflection_fetch(const struct cli_reflection *reflection, struct base_buf *out,
                          struct base_err *err) BASE_MUST_CHECK;

#endif
