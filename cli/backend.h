/* Backend: Notes and the Library in this process, over one store, ready to be called; and the API
 * keys and usage plans of that store.
 *
 * What `serve` and `server` share. Startup thread; once open, the rpc server in it is for any.
 */
#ifndef CLI_BACKEND_H
#define CLI_BACKEND_H

#include "cli/options.h"
#include "rpc/server.h"
#include "server/access.h"
#include "server/library.h"
#include "server/notes.h"

struct cli_backend {
    struct srv_store *store;
    struct rpc_worker_pool *pool;
    struct rpc_server *server;
    struct srv_library library;
    struct srv_notes notes;
    struct srv_access access;
};

/* Opens the store of the options, fills it where they ask for the demo, and adds the services. What
 * was opened before a failure is closed. The backend must not move while it is open. */
bool cli_backend_open(struct cli_backend *backend, const struct cli_options *options,
                      struct base_err *err) BASE_MUST_CHECK;

/* No call may be in flight and none may come. */
void cli_backend_close(struct cli_backend *backend);

#endif
