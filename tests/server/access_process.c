#include "access_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

bool access_process_try_open(const struct access_contract *contract, struct access_process *process)
{
    static const char *const stages[] = {"$default"};
    rpc_context_init(&process->ctx);
    process->store = contract->open(&process->err);
    if (process->store == NULL) {
        return false;
    }
    const struct srv_access_config config = {
        .store = process->store,
        .clock = &base_clock_system,
        .random = &base_random_system,
        .secret = BASE_STR("an operator's secret"),
        .keeps_values = true,
        .stages = stages,
        .stage_count = 1,
    };
    return srv_access_open(&process->access, &config, &process->err);
}

void access_process_open(const struct access_contract *contract, struct access_process *process)
{
    if (!access_process_try_open(contract, process)) {
        fail_msg("%s", process->err.message);
    }
}

void access_process_close(struct access_process *process)
{
    rpc_context_dispose(&process->ctx);
    srv_store_close(process->store);
}
