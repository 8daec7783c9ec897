/* Key store: the API keys and usage plans of a store, for a gateway that has none of its own
 * services. Startup thread. */
#ifndef CLI_KEY_STORE_H
#define CLI_KEY_STORE_H

#include "cli/options.h"
#include "rpc/worker_pool.h"
#include "server/access.h"

/* Threads that ask the store for quotas and serve the admin listener, and calls that
 * wait for one. */
#define CLI_KEY_STORE_THREADS 8
#define CLI_KEY_STORE_QUEUE 1024

struct cli_key_store {
    struct srv_store *store;
    struct rpc_worker_pool *pool;
    struct srv_access access;
};

/* Opens the store of the options. What was opened before a failure is closed. The key store must
 * not move while it is open. */
bool cli_key_store_open(struct cli_key_store *keys, const struct cli_options *options,
                        struct base_err *err) BASE_MUST_CHECK;

/* No call may be in flight and none may come. A key store that is all zero is closed. */
void cli_key_store_close(struct cli_key_store *keys);

#endif
