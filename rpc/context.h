/* Context: what a handler knows of the call it serves, and what it may say beside its response.
 *
 * Owned by the rpc layer and handed to the handler for the length of the call. Everything a
 * handler allocates for the response comes from the context's arena and is released after the
 * response is on its way. One thread at a time, save `cancelled`, which any thread may raise.
 */
#ifndef RPC_CONTEXT_H
#define RPC_CONTEXT_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "rpc/metadata.h"

#include <protobuf-c/protobuf-c.h>
#include <stdatomic.h>

/* What one call may use: decoded request, response, metadata, scratch. */
#define RPC_CONTEXT_ARENA_BYTES_MAX (size_t)(64 * 1024 * 1024)

/* Details added to one failing call. */
#define RPC_CONTEXT_DETAILS_MAX 16

/* What a caller is told at its deadline, wherever that is noticed. */
#define RPC_DEADLINE_EXCEEDED "deadline exceeded"

struct rpc_method;

struct rpc_context {
    const struct rpc_method *method;
    int64_t deadline_ns; /* on base_clock_monotonic_ns; BASE_NEVER_NS when there is none */
    atomic_bool cancelled;
    struct base_arena arena;
    ProtobufCAllocator allocator; /* hands out of `arena` */
    struct rpc_metadata request;  /* what the caller sent */
    struct rpc_metadata headers;  /* what the handler answers, before the response */
    struct rpc_metadata trailers; /* and after it */
    size_t detail_count;
    struct rpc_context_detail {
        struct base_str type_url;
        struct base_str value; /* packed */
    } details[RPC_CONTEXT_DETAILS_MAX];
};

/* Starts a context for one call with an empty arena. */
void rpc_context_init(struct rpc_context *ctx);

/* Makes the context ready for the next call, keeping a little memory. */
void rpc_context_reset(struct rpc_context *ctx);

/* Releases all of it. */
void rpc_context_dispose(struct rpc_context *ctx);

/* Returns `size` zeroed bytes that live as long as the call, or NULL with RESOURCE_EXHAUSTED. */
void *rpc_context_alloc(struct rpc_context *ctx, size_t size, struct base_err *err) BASE_MUST_CHECK;

/* Copies `text` for as long as the call lives, NUL-terminated for protobuf-c; NULL with
 * RESOURCE_EXHAUSTED. */
char *rpc_context_strdup(struct rpc_context *ctx, struct base_str text,
                         struct base_err *err) BASE_MUST_CHECK;

/* Whether nobody waits for the answer any more: cancelled, or past the deadline. */
bool rpc_context_is_over(const struct rpc_context *ctx);

/* Fails with CANCELLED or DEADLINE_EXCEEDED where rpc_context_is_over, else succeeds. */
bool rpc_context_check(const struct rpc_context *ctx, struct base_err *err) BASE_MUST_CHECK;

/* Answers a header (initial metadata); copies. */
bool rpc_context_add_header(struct rpc_context *ctx, struct base_str key, struct base_str value,
                            struct base_err *err) BASE_MUST_CHECK;

/* Answers a trailer (trailing metadata); copies. */
bool rpc_context_add_trailer(struct rpc_context *ctx, struct base_str key, struct base_str value,
                             struct base_err *err) BASE_MUST_CHECK;

/* Attaches `detail` to the failure the handler is about to return (google.rpc.Status.details);
 * packs it at once. Past RPC_CONTEXT_DETAILS_MAX, or out of arena, the detail is left out: the
 * error it explains matters more. */
void rpc_context_add_detail(struct rpc_context *ctx, const ProtobufCMessage *detail);

#endif
