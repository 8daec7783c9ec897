/* Channel: how a caller reaches services, wherever they are.
 *
 * A channel opens calls; a call sends messages and observes events. Two channels exist: in-process
 * (rpc/channel_inproc.h) and gRPC (rpc/channel_grpc.h). Messages are protobuf wire bytes. The shape
 * is that of a stream in both directions; a unary call is one send that is the last and one
 * on_message.
 *
 * Life of a call:
 *
 *     resolve (once, at start-up), start, send(..., last), on_headers?, on_message*, on_status
 *
 * on_status comes exactly once and last, whatever happens; the call handle is dead after it. Events
 * run on the thread that drains `home`, or, when an in-process call runs inline, inside send.
 * cancel asks for an early end: on_status still comes.
 */
#ifndef RPC_CHANNEL_H
#define RPC_CHANNEL_H

#include "base/clock.h"
#include "base/mailbox.h"
#include "rpc/metadata.h"

/* How a call ended. All of it is borrowed for the length of on_status. */
struct rpc_status {
    enum base_code code;
    struct base_str message;
    struct base_str details; /* packed google.rpc.Status (grpc-status-details-bin), or empty */
    const struct rpc_metadata *trailers;
};

struct rpc_observer {
    /* The server's initial metadata, borrowed until on_status returns; before any message. A call
     * that fails brings it only where the server sent some. */
    void (*on_headers)(void *user, const struct rpc_metadata *headers);
    /* One message; `wire` is borrowed for the length of the call to on_message. */
    void (*on_message)(void *user, struct base_str wire);
    void (*on_status)(void *user, const struct rpc_status *status);
};

struct rpc_call;
struct rpc_channel;

/* A method as one channel knows it; lives as long as the channel. */
struct rpc_target;

struct rpc_call_params {
    const struct rpc_target *target;
    int64_t deadline_ns;                 /* base_clock_monotonic_ns, or BASE_NEVER_NS */
    const struct rpc_metadata *metadata; /* borrowed until on_status; may be NULL */
    const struct rpc_observer *observer; /* borrowed until on_status */
    void *user;
    struct base_mailbox *home; /* where events are delivered */
};

struct rpc_channel_ops {
    const struct rpc_target *(*resolve)(struct rpc_channel *self, const char *path,
                                        struct base_err *err);
    struct rpc_call *(*start)(struct rpc_channel *self, const struct rpc_call_params *params);
    void (*destroy)(struct rpc_channel *self);
};

struct rpc_call_ops {
    void (*send)(struct rpc_call *self, struct base_str wire, bool last);
    void (*cancel)(struct rpc_call *self);
};

/* Both are the first member of their implementation's own struct. */
struct rpc_channel {
    const struct rpc_channel_ops *ops;
};
struct rpc_call {
    const struct rpc_call_ops *ops;
};

/* Looks up "/package.Service/Method" once, at start-up; fails with UNIMPLEMENTED where the channel
 * can tell that there is no such method. */
static inline const struct rpc_target *rpc_channel_resolve(struct rpc_channel *channel,
                                                           const char *path, struct base_err *err)
{
    return channel->ops->resolve(channel, path, err);
}

/* Opens a call; never fails (a failure is an on_status that comes after send). Any thread. */
static inline struct rpc_call *rpc_channel_start(struct rpc_channel *channel,
                                                 const struct rpc_call_params *params)
{
    return channel->ops->start(channel, params);
}

/* Sends one message, borrowed until on_status. `last` half-closes. The call may end, and its handle
 * die, before this returns. */
static inline void rpc_call_send(struct rpc_call *call, struct base_str wire, bool last)
{
    call->ops->send(call, wire, last);
}

/* Asks for an early end with CANCELLED. Not after on_status. On the thread that owns `home`. */
static inline void rpc_call_cancel(struct rpc_call *call)
{
    call->ops->cancel(call);
}

/* Every call of the channel must have ended. Accepts NULL. */
static inline void rpc_channel_destroy(struct rpc_channel *channel)
{
    if (channel != NULL) {
        channel->ops->destroy(channel);
    }
}

#endif
