#include "cli/key_store.h"

#include "cli/access.h"
#include "cli/store.h"

bool cli_key_store_open(struct cli_key_store *keys, const struct cli_options *options,
                        struct base_err *err)
{
    *keys = (struct cli_key_store){0};
    if (!cli_store_open(options, &keys->store, err)) {
        return false;
    }
    if (!cli_access_open(&keys->access, options, keys->store, err)) {
        cli_key_store_close(keys);
        return false;
    }
    keys->pool = rpc_worker_pool_create(CLI_KEY_STORE_THREADS, CLI_KEY_STORE_QUEUE);
    return true;
}

void cli_key_store_close(struct cli_key_store *keys)
{
    rpc_worker_pool_destroy(keys->pool);
    srv_store_close(keys->store);
    *keys = (struct cli_key_store){0};
}
