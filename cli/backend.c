#include "cli/backend.h"

#include "base/random.h"
#include "cli/access.h"
#include "server/demo.h"
#include "server/store_mongo.h"
#include "server/store_sqlite.h"

/* A MongoDB URI may hold a password, so it never stands in a message. */
static bool open_store(const char *where, struct srv_store **out_store, struct base_err *err)
{
    struct base_str file = BASE_STR("sqlite:");
    struct base_str text = base_str_of(where);
    bool is_file = base_str_starts_with(text, file) && text.len > file.len;
    struct srv_store *store = NULL;
    if (is_file) {
        store = srv_store_sqlite_open(where + file.len, err);
    } else if (base_str_starts_with(text, BASE_STR("mongodb://")) ||
               base_str_starts_with(text, BASE_STR("mongodb+srv://"))) {
        store = srv_store_mongo_open(where, err);
    } else {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "--store: expected sqlite:FILE or mongodb://HOST:PORT/DATABASE");
    }
    if (store == NULL) {
        return base_err_wrap(err, "cannot open the store%s%s", is_file ? " " : "",
                             is_file ? where : "");
    }
    *out_store = store;
    return true;
}

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
    if (!open_store(options->store, &backend->store, err)) {
        return false;
    }
    backend->pool = rpc_worker_pool_create((size_t)options->workers, RPC_WORKER_QUEUE);
    backend->server = rpc_server_create(backend->pool);
    if (!add_services(backend, err) ||
        !cli_access_open(&backend->access, options, backend->store, err) ||
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
