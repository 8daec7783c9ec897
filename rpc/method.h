/* Method tables: what the generator writes for a service and the rpc layer serves.
 *
 * All of it is static and constant, made by tools/protoc-gen-tollgate into gen/.
 */
#ifndef RPC_METHOD_H
#define RPC_METHOD_H

#include "base/err.h"
#include "base/str.h"

#include <protobuf-c/protobuf-c.h>

struct rpc_context;

enum rpc_kind { RPC_UNARY, RPC_CLIENT_STREAMING, RPC_SERVER_STREAMING, RPC_BIDI_STREAMING };

struct rpc_method {
    const char *path; /* "/notes.v1.Notes/GetNote" */
    enum rpc_kind kind;
    bool no_side_effects; /* option idempotency_level = NO_SIDE_EFFECTS: it only reads */
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *response;
    /* Calls the method's entry of the service's typed handler table. `response` is initialised;
     * what the handler hangs on it lives in the context's arena. Only for RPC_UNARY, else NULL. */
    bool (*unary)(const void *handlers, void *self, struct rpc_context *ctx,
                  const ProtobufCMessage *request, ProtobufCMessage *response,
                  struct base_err *err);
};

struct rpc_service {
    const char *name; /* "notes.v1.Notes" */
    const struct rpc_method *methods;
    size_t method_count;
    struct base_str
        descriptor_set; /* google.protobuf.FileDescriptorSet: its file and all it imports */
};

#endif
