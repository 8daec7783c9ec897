/* Reflection client: what a gRPC server says of its services, as a descriptor set.
 *
 * Asks grpc.reflection.v1.ServerReflection, or v1alpha where that is not served, for the list of
 * services, for the file of each and for the files these import that did not come along. Reflection
 * is a stream in both directions; each question is a stream of one request and one response, so
 * that it is as good as a unary call. What the server answers is checked to be files and counted;
 * whether the files fit together is for who loads the set. Blocks.
 */
#ifndef RPC_REFLECTION_CLIENT_H
#define RPC_REFLECTION_CLIENT_H

#include "base/buf.h"
#include "base/stop.h"
#include "rpc/channel.h"

/* Services of a server, and files that they stand in or import. */
#define RPC_REFLECTION_SERVICES_MAX 2000
#define RPC_REFLECTION_FILES_MAX 10000

/* Memory for the names, and for one answer when it is taken apart. */
#define RPC_REFLECTION_NAMES_BYTES_MAX (size_t)(4 * 1024 * 1024)
#define RPC_REFLECTION_ANSWER_BYTES_MAX (size_t)(128 * 1024 * 1024)

/* How long all the questions together may take. */
#define RPC_REFLECTION_TIMEOUT_MS 10000

/* Appends to `out` a packed google.protobuf.FileDescriptorSet of all services but those of
 * grpc.reflection and grpc.health. Fails with what the call failed with: UNIMPLEMENTED where the
 * server has no reflection, UNAVAILABLE, DEADLINE_EXCEEDED; with FAILED_PRECONDITION where it lacks
 * a file or answers something else, or has no services; with RESOURCE_EXHAUSTED past a limit or the
 * buffer's maximum; with CANCELLED where `stop`, which may be NULL, ended it. Then what `out` holds
 * is not said. Any thread but a loop. */
bool rpc_reflection_fetch(struct rpc_channel *channel, const struct base_stop *stop,
                          struct base_buf *out, struct base_err *err) BASE_MUST_CHECK;

#endif
