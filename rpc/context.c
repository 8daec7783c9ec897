/* The arena is the context's only memory: reset forgets everything else and lets the arena keep one
 * small block, so that a recycled context serves its next call without the heap. */
#include "rpc/context.h"

#include "rpc/codec.h"

#include <stdio.h>

#define TYPE_URL_PREFIX "type.googleapis.com/"

static void forget(struct rpc_context *ctx)
{
    ctx->method = NULL;
    ctx->deadline_ns = BASE_NEVER_NS;
    atomic_store_explicit(&ctx->cancelled, false, memory_order_relaxed);
    ctx->request = (struct rpc_metadata){0};
    ctx->headers = (struct rpc_metadata){0};
    ctx->trailers = (struct rpc_metadata){0};
    ctx->detail_count = 0;
}

void rpc_context_init(struct rpc_context *ctx)
{
    base_arena_init(&ctx->arena, RPC_CONTEXT_ARENA_BYTES_MAX);
    ctx->allocator = rpc_codec_allocator(&ctx->arena);
    atomic_init(&ctx->cancelled, false);
    forget(ctx);
}

void rpc_context_reset(struct rpc_context *ctx)
{
    base_arena_reset(&ctx->arena);
    forget(ctx);
}

void rpc_context_dispose(struct rpc_context *ctx)
{
    base_arena_dispose(&ctx->arena);
    forget(ctx);
}

static void set_out_of_memory(struct base_err *err)
{
    base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the call needs more than %zu bytes of memory",
                 RPC_CONTEXT_ARENA_BYTES_MAX);
}

void *rpc_context_alloc(struct rpc_context *ctx, size_t size, struct base_err *err)
{
    void *out = base_arena_calloc(&ctx->arena, size);
    if (out == NULL) {
        set_out_of_memory(err);
    }
    return out;
}

char *rpc_context_strdup(struct rpc_context *ctx, struct base_str text, struct base_err *err)
{
    struct base_str copy;
    if (!base_arena_copy(&ctx->arena, text, &copy)) {
        set_out_of_memory(err);
        return NULL;
    }
    return (char *)(uintptr_t)copy.data;
}

static bool is_past_deadline(const struct rpc_context *ctx)
{
    return ctx->deadline_ns != BASE_NEVER_NS && base_clock_monotonic_ns() >= ctx->deadline_ns;
}

static bool is_cancelled(const struct rpc_context *ctx)
{
    return atomic_load_explicit(&ctx->cancelled, memory_order_relaxed);
}

bool rpc_context_is_over(const struct rpc_context *ctx)
{
    return is_cancelled(ctx) || is_past_deadline(ctx);
}

/* A transport cancels a call when its deadline passes, so the deadline is asked first: it is the
 * cause. */
bool rpc_context_check(const struct rpc_context *ctx, struct base_err *err)
{
    if (is_past_deadline(ctx)) {
        return base_err_set(err, BASE_DEADLINE_EXCEEDED, RPC_DEADLINE_EXCEEDED);
    }
    if (is_cancelled(ctx)) {
        return base_err_set(err, BASE_CANCELLED, "the call was cancelled");
    }
    return true;
}

bool rpc_context_add_header(struct rpc_context *ctx, struct base_str key, struct base_str value,
                            struct base_err *err)
{
    return rpc_metadata_add(&ctx->headers, &ctx->arena, key, value, err);
}

bool rpc_context_add_trailer(struct rpc_context *ctx, struct base_str key, struct base_str value,
                             struct base_err *err)
{
    return rpc_metadata_add(&ctx->trailers, &ctx->arena, key, value, err);
}

void rpc_context_add_detail(struct rpc_context *ctx, const ProtobufCMessage *detail)
{
    if (ctx->detail_count == RPC_CONTEXT_DETAILS_MAX) {
        return;
    }
    const char *name = detail->descriptor->name;
    size_t url_size = sizeof TYPE_URL_PREFIX + strlen(name);
    size_t value_len = protobuf_c_message_get_packed_size(detail);
    char *url = base_arena_alloc(&ctx->arena, url_size);
    char *value = base_arena_alloc(&ctx->arena, value_len);
    if (url == NULL || value == NULL) {
        return;
    }
    snprintf(url, url_size, TYPE_URL_PREFIX "%s", name);
    protobuf_c_message_pack(detail, (uint8_t *)value);
    ctx->details[ctx->detail_count++] = (struct rpc_context_detail){
        .type_url = base_str_make(url, url_size - 1),
        .value = base_str_make(value, value_len),
    };
}
