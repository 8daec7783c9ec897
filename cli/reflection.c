#include "cli/reflection.h"

#include "cli/retry.h"
#include "rpc/reflection_client.h"

struct fetching {
    struct cli_retry retry;
    struct rpc_channel *upstream;
    struct base_buf *out;
};

static bool fetch(const struct cli_retry *self, struct base_err *err)
{
    const struct fetching *fetching = (const struct fetching *)self;
    base_buf_reset(fetching->out, 0);
    return rpc_reflection_fetch(fetching->upstream, self->stop, fetching->out, err);
}

bool cli_reflection_fetch(const struct cli_reflection *reflection, struct base_buf *out,
                          struct base_err *err)
{
    const struct fetching fetching = {
        .retry =
            {
                .attempt = fetch,
                .event = "waiting for the upstream",
                .address = reflection->address,
                .wait_s = reflection->wait_s,
                .stop = reflection->stop,
            },
        .upstream = reflection->upstream,
        .out = out,
    };
    return cli_retry_run(&fetching.retry, err);
}
