/* Quota: blocks of requests and what was used, between the gateway, which never waits, and the
 * store, which may.
 *
 * Reservations run on the worker pool; usage is written down by whoever flushes the meters. Any
 * thread, save where marked.
 */
#ifndef CLI_QUOTA_H
#define CLI_QUOTA_H

#include "gateway/meter.h"
#include "rpc/worker_pool.h"
#include "server/store.h"

/* How long the store may take for one reservation, or one count. */
#define CLI_QUOTA_TIMEOUT_MS 2000

struct cli_quota {
    struct gw_quota_source source;
    struct gw_usage_sink sink;
    struct srv_store *store;
    struct rpc_worker_pool *pool;
    atomic_int reserving; /* on their way */
};

/* Readies source and sink over a store and a pool, which are borrowed. */
void cli_quota_init(struct cli_quota *quota, struct srv_store *store, struct rpc_worker_pool *pool);

/* Waits until every reservation has been answered; when no more are asked for. Once a worker has
 * got to it, the store has CLI_QUOTA_TIMEOUT_MS for each. */
void cli_quota_settle(struct cli_quota *quota);

#endif
