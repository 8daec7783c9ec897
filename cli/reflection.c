#include "cli/reflection.h"

#include "base/clock.h"
#include "base/log.h"
#include "rpc/reflection_client.h"

/* Whether an upstream that is on its way up may have failed so. */
static bool may_pass(enum base_code code)
{
    return code == BASE_UNAVAILABLE || code == BASE_DEADLINE_EXCEEDED;
}

bool cli_reflection_fetch(const struct cli_reflection *reflection, struct base_buf *out,
                          struct base_err *err)
{
    int64_t end_ns = base_clock_monotonic_ns() + reflection->wait_s * BASE_NS_PER_S;
    struct base_err told = {.code = BASE_OK};
    int pause_ms = CLI_REFLECTION_RETRY_MS;
    while (!rpc_reflection_fetch(reflection->upstream, reflection->stop, out, err)) {
        if (!may_pass(err->code) || base_clock_monotonic_ns() >= end_ns) {
            return false;
        }
        if (strcmp(told.message, err->message) != 0) {
            base_log(BASE_LOG_WARN, "waiting for the upstream", "address", reflection->address,
                     "reason", err->message, NULL);
            told = *err;
        }
        if (base_stop_sleep(reflection->stop, pause_ms)) {
            return base_err_set(err, BASE_CANCELLED, "told to stop");
        }
        pause_ms =
            pause_ms * 2 < CLI_REFLECTION_RETRY_MS_MAX ? pause_ms * 2 : CLI_REFLECTION_RETRY_MS_MAX;
        base_buf_reset(out, 0);
    }
    return true;
}
