/* gRPC listener: serves the services of an rpc_server to gRPC clients, on C-core's completion
 * queues.
 *
 * Inline methods run on the completion-queue thread, the others on the server's worker pool.
 * Requests over RPC_REQUEST_BYTES_MAX are refused with RESOURCE_EXHAUSTED, unknown methods and
 * compressed requests with UNIMPLEMENTED (C-core inflates a message before it looks at its size).
 * The client's deadline and cancellation reach the handler's context. Plaintext HTTP/2.
 */
#ifndef RPC_LISTENER_GRPC_H
#define RPC_LISTENER_GRPC_H

#include "rpc/server.h"

/* Completion-queue threads of one listener. */
#define RPC_LISTENER_GRPC_THREADS_MAX 64

struct rpc_listener_grpc;

/* Listens on "host:port" (port 0 picks a free one) and serves at once, on `threads`
 * completion-queue threads. Borrows `server`. NULL with UNAVAILABLE when the address cannot be
 * bound, INVALID_ARGUMENT when it cannot be understood. Returns owned. */
struct rpc_listener_grpc *rpc_listener_grpc_open(struct rpc_server *server, const char *address,
                                                 size_t threads, struct base_err *err);

/* The port that was bound. */
int rpc_listener_grpc_port(const struct rpc_listener_grpc *listener);

/* Refuses new calls, lets those in flight end (for at most `grace_ms`, then cancels them), stops
 * the threads and frees the listener. Accepts NULL. */
void rpc_listener_grpc_close(struct rpc_listener_grpc *listener, int grace_ms);

#endif
