/* Client: one unary call from a thread that may block. What the generated typed clients stand on.
 * A call holds one file descriptor while it waits.
 */
#ifndef RPC_CLIENT_H
#define RPC_CLIENT_H

#include "base/stop.h"
#include "rpc/channel.h"
#include "rpc/method.h"

struct rpc_client_options {
    int64_t deadline_ns;                 /* 0 means BASE_NEVER_NS */
    const struct rpc_metadata *metadata; /* borrowed; may be NULL */
    const struct base_stop *stop;        /* cancels the call; borrowed; may be NULL */
};

/* Calls `method` and waits. The response, and out_headers where not NULL, live in `arena`. On
 * failure `err` carries the status's code and message; CANCELLED where `stop` ended it,
 * RESOURCE_EXHAUSTED where there is no file descriptor left. Any thread but a loop. */
bool rpc_client_unary(struct rpc_channel *channel, const struct rpc_method *method,
                      const struct rpc_client_options *options, const ProtobufCMessage *request,
                      struct base_arena *arena, ProtobufCMessage **out_response,
                      struct rpc_metadata *out_headers, struct base_err *err) BASE_MUST_CHECK;

#endif
