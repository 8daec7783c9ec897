/* gRPC channel: calls an upstream over gRPC, on C-core's completion queue.
 *
 * One completion-queue thread a channel; it only moves finished calls to their home mailboxes. The
 * connection is made lazily and remade by C-core with back-off; while it cannot be, calls end with
 * UNAVAILABLE at once (no wait-for-ready). Plaintext HTTP/2 (h2c prior knowledge), no compression,
 * no proxy. Every method resolves: only the upstream knows which it has.
 */
#ifndef RPC_CHANNEL_GRPC_H
#define RPC_CHANNEL_GRPC_H

#include "rpc/channel.h"

/* Bytes of one message from the upstream. */
#define RPC_CHANNEL_GRPC_MESSAGE_BYTES_MAX (size_t)(16 * 1024 * 1024)

/* An upstream that acknowledges nothing for so long, while something is on its way to it, is taken
 * for gone: the calls on that connection end with UNAVAILABLE and the next get another. Left to
 * itself the kernel would go on for a quarter of an hour. */
#define RPC_CHANNEL_GRPC_SILENCE_MS 10000

/* Returns owned a channel to "host:port" (or "unix:path"); does not wait for a connection. NULL
 * with INVALID_ARGUMENT when the address cannot be understood. */
struct rpc_channel *rpc_channel_grpc_create(const char *address, struct base_err *err);

#endif
