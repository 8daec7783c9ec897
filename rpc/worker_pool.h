/* Worker pool: threads that may block, behind a bounded queue.
 *
 * Threads start when first needed, up to the maximum, and stay. Jobs are intrusive: submitting
 * allocates nothing. A full queue refuses, so load beyond what the pool can do never costs memory.
 */
#ifndef RPC_WORKER_POOL_H
#define RPC_WORKER_POOL_H

#include "base/role.h"

#include <stdbool.h>
#include <stddef.h>

/* Jobs that wait at most, in the program. */
#define RPC_WORKER_QUEUE 1024

struct rpc_worker_pool;

struct rpc_job {
    struct rpc_job *next;
    void (*run)(struct rpc_job *self); /* on a worker thread */
};

/* Returns owned a pool of at most `threads_max` threads and `queue_max` waiting jobs. */
struct rpc_worker_pool *rpc_worker_pool_create(size_t threads_max, size_t queue_max);

/* Runs what is queued, then joins the threads and frees the pool. Nobody may submit any more, nor
 * may a job that still runs. Accepts NULL. */
void rpc_worker_pool_destroy(struct rpc_worker_pool *pool);

/* Takes `job`, whose `run` is set; false when the queue is full, and then the job is the caller's.
 * Any thread. */
bool rpc_worker_pool_submit(struct rpc_worker_pool *pool, struct rpc_job *job);

#endif
