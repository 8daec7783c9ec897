#include "cli/retry.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>

static bool may_pass(enum base_code code)
{
    return code == BASE_UNAVAILABLE || code == BASE_DEADLINE_EXCEEDED;
}

bool cli_retry_run(const struct cli_retry *retry, struct base_err *err)
{
    int64_t end_ns = base_clock_monotonic_ns() + retry->wait_s * BASE_NS_PER_S;
    struct base_err told = {.code = BASE_OK};
    int pause_ms = CLI_RETRY_MS;
    while (!retry->attempt(retry, err)) {
        if (!may_pass(err->code) || base_clock_monotonic_ns() >= end_ns) {
            return false;
        }
        if (strcmp(told.message, err->message) != 0) {
            base_log(BASE_LOG_WARN, retry->event, "address", retry->address, "reason", err->message,
                     NULL);
            told = *err;
        }
        if (base_stop_sleep(retry->stop, pause_ms)) {
            return base_err_set(err, BASE_CANCELLED, "told to stop");
        }
        pause_ms = pause_ms * 2 < CLI_RETRY_MS_MAX ? pause_ms * 2 : CLI_RETRY_MS_MAX;
    }
    return true;
}
