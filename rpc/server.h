/* Server: the services of this process, and the running of one call on them.
 *
 * Built at start-up: create, add services, then share it unchanged with the in-process channel and
 * the gRPC listener. A unary call comes in as wire bytes and leaves as wire bytes: rpc_server_serve
 * unpacks the request into the call's arena (refusing damage and invalid UTF-8 with
 * INVALID_ARGUMENT), runs the handler and packs the response.
 *
 * Where a call runs: a method without side effects of a service whose reads cannot block runs
 * inline on the calling thread; every other goes to the bounded worker pool, and a full pool
 * answers UNAVAILABLE at once. A call that is cancelled or past its deadline while queued is not
 * run.
 */
#ifndef RPC_SERVER_H
#define RPC_SERVER_H

#include "base/buf.h"
#include "rpc/context.h"
#include "rpc/method.h"
#include "rpc/worker_pool.h"

/* Bytes of one request and of one response, packed: gRPC's own default. */
#define RPC_REQUEST_BYTES_MAX (size_t)(4 * 1024 * 1024)
#define RPC_RESPONSE_BYTES_MAX (size_t)(16 * 1024 * 1024)

struct rpc_server;

/* One method of one added service. Lives as long as the server. */
struct rpc_endpoint {
    const struct rpc_method *method;
    const void *handlers;
    void *self;
    bool runs_inline;
};

/* One call being served; embedded in its channel's or listener's own call object. */
struct rpc_served_call {
    struct rpc_context context;          /* deadline and request metadata set by the starter */
    const struct rpc_endpoint *endpoint; /* set by the starter */
    struct base_str request;             /* wire bytes, borrowed until on_done */
    struct base_buf response;            /* wire bytes, when code is BASE_OK */
    struct base_err err;                 /* err.code is the call's status */
    struct base_str details;             /* packed google.rpc.Status where details were added */
    void (*on_done)(struct rpc_served_call *self); /* once, on whatever thread ran the call */
    struct rpc_job job;                            /* private to rpc_server_serve */
};

/* Returns owned an empty server whose blocking methods run on `pool`, which it borrows. */
struct rpc_server *rpc_server_create(struct rpc_worker_pool *pool);
void rpc_server_destroy(struct rpc_server *server);

/* Adds a service: its constant table, the typed handlers and their receiver (all borrowed). What is
 * generated as PREFIX_register calls this with the types checked. `inline_reads` says that methods
 * without side effects cannot block. Fails with ALREADY_EXISTS when the service was added before.
 */
bool rpc_server_add(struct rpc_server *server, const struct rpc_service *service,
                    const void *handlers, void *self, bool inline_reads,
                    struct base_err *err) BASE_MUST_CHECK;

/* The endpoint of "/package.Service/Method", or NULL. */
const struct rpc_endpoint *rpc_server_find(const struct rpc_server *server, struct base_str path);

/* The endpoints, in order of addition; index below rpc_server_endpoint_count. */
size_t rpc_server_endpoint_count(const struct rpc_server *server);
const struct rpc_endpoint *rpc_server_endpoint(const struct rpc_server *server, size_t index);

/* Readies a call object for its first or its next call. */
void rpc_served_call_init(struct rpc_served_call *call);
void rpc_served_call_reset(struct rpc_served_call *call);
void rpc_served_call_dispose(struct rpc_served_call *call);

/* Runs the call, here or on a worker, and ends it with on_done, possibly before returning. */
void rpc_server_serve(struct rpc_server *server, struct rpc_served_call *call);

#endif
