#include "cli/backend.h"

#include "base/random.h"
#include "cli/access.h"
#include "cli/store.h"
#include "server/access_seed.h"
#include "server/demo.h"

static bool add_services(struct cli_backend *backend, struct base_err *err)
{
    srv_library_init(&backend->library, backend->store);
    srv_notes_init(&backend->notes, backend->store, &base_clock_system, &base_random_system);
    return srv_library_register(&backend->library, backend->server, err) &&
           srv_notes_register(&backend->notes, backend->server, err);
}

bool cli_backend_open(struct cli_backend *backend, const struct cli_options *options,
                      struct base_err *err)
{
    *backend = (struct cli_backend){0};
    if (!cli_store_open(options, &backend->store, err)) {
        return false;
    }
    backend->pool = rpc_worker_pool_create((size_t)options->workers, RPC_WORKER_QUEUE);
    backend->server = rpc_server_create(backend->pool);
    if (!add_services(backend, err) ||
        !cli_access_open(&backend->access, options, backend->store, err) ||
        !srv_access_seed_demo_key(&backend->access, options->demo, err) ||
        (options->demo && !srv_demo_fill(&backend->library, &backend->notes, err))) {
        cli_backend_close(backend);
        return false;
    }
    return true;
}

void cli_backend_close(struct cli_backend *backend)
{
    rpc_worker_pool_destroy(backend->pool);
    rpc_server_destroy(backend->server);
    srv_store_close(backend->store);
}
