/* Endpoints are found by an open-addressed hash of their path, built as services are added and only
 * read after. A call is unpacked, handled and packed in one go on one thread; the only state kept
 * between is in the call itself. */
#include "rpc/server.h"

#include "base/container.h"
#include "base/hash.h"
#include "base/mem.h"
#include "google/rpc/status.pb-c.h"
#include "rpc/codec.h"

#include <assert.h>
#include <stddef.h>

/* What a recycled call keeps of its response. */
#define RESPONSE_KEEP_BYTES (size_t)(16 * 1024)
#define FIRST_SLOTS 64

struct rpc_server {
    struct rpc_worker_pool *pool;
    const struct rpc_service **services;
    size_t service_count;
    struct rpc_endpoint **endpoints; /* each owned, so that its address never changes */
    size_t endpoint_count;
    struct rpc_endpoint **slots; /* power of two, at most half full */
    size_t slot_count;
};

/* The slot that holds `path`, or the free one where it belongs. */
static struct rpc_endpoint **find_slot(const struct rpc_server *server, struct base_str path)
{
    size_t mask = server->slot_count - 1;
    size_t i = base_hash_fold(base_hash_add(BASE_HASH_START, path.data, path.len)) & mask;
    while (server->slots[i] != NULL &&
           !base_str_eq(base_str_of(server->slots[i]->method->path), path)) {
        i = (i + 1) & mask;
    }
    return &server->slots[i];
}

static void grow_slots(struct rpc_server *server)
{
    base_free(server->slots);
    server->slot_count *= 2;
    server->slots = base_calloc(server->slot_count, sizeof *server->slots);
    for (size_t i = 0; i < server->endpoint_count; i++) {
        *find_slot(server, base_str_of(server->endpoints[i]->method->path)) = server->endpoints[i];
    }
}

struct rpc_server *rpc_server_create(struct rpc_worker_pool *pool)
{
    struct rpc_server *server = base_calloc(1, sizeof *server);
    server->pool = pool;
    server->slot_count = FIRST_SLOTS;
    server->slots = base_calloc(server->slot_count, sizeof *server->slots);
    return server;
}

void rpc_server_destroy(struct rpc_server *server)
{
    if (server == NULL) {
        return;
    }
    for (size_t i = 0; i < server->endpoint_count; i++) {
        base_free(server->endpoints[i]);
    }
    base_free(server->endpoints);
    base_free(server->services);
    base_free(server->slots);
    base_free(server);
}

static void add_endpoint(struct rpc_server *server, const struct rpc_endpoint *endpoint)
{
    if (server->endpoint_count * 2 >= server->slot_count) {
        grow_slots(server);
    }
    struct rpc_endpoint *copy = base_alloc(sizeof *copy);
    *copy = *endpoint;
    size_t count = server->endpoint_count + 1;
    server->endpoints = base_realloc(server->endpoints, count * sizeof *server->endpoints);
    server->endpoints[server->endpoint_count] = copy;
    server->endpoint_count = count;
    *find_slot(server, base_str_of(copy->method->path)) = copy;
}

bool rpc_server_add(struct rpc_server *server, const struct rpc_service *service,
                    const void *handlers, void *self, bool inline_reads, struct base_err *err)
{
    for (size_t i = 0; i < server->service_count; i++) {
        if (strcmp(server->services[i]->name, service->name) == 0) {
            return base_err_set(err, BASE_ALREADY_EXISTS, "service %s was added before",
                                service->name);
        }
    }
    size_t count = server->service_count + 1;
    server->services = base_realloc(server->services, count * sizeof *server->services);
    server->services[server->service_count] = service;
    server->service_count = count;
    for (size_t i = 0; i < service->method_count; i++) {
        const struct rpc_method *method = &service->methods[i];
        add_endpoint(server, &(struct rpc_endpoint){
                                 .method = method,
                                 .handlers = handlers,
                                 .self = self,
                                 .runs_inline = inline_reads && method->no_side_effects,
                             });
    }
    return true;
}

const struct rpc_endpoint *rpc_server_find(const struct rpc_server *server, struct base_str path)
{
    return *find_slot(server, path);
}

size_t rpc_server_endpoint_count(const struct rpc_server *server)
{
    return server->endpoint_count;
}

const struct rpc_endpoint *rpc_server_endpoint(const struct rpc_server *server, size_t index)
{
    return server->endpoints[index];
}

void rpc_served_call_init(struct rpc_served_call *call)
{
    *call = (struct rpc_served_call){0};
    rpc_context_init(&call->context);
    base_buf_init(&call->response, RPC_RESPONSE_BYTES_MAX);
}

void rpc_served_call_reset(struct rpc_served_call *call)
{
    rpc_context_reset(&call->context);
    call->endpoint = NULL;
    call->request = base_str_make(NULL, 0);
    base_buf_reset(&call->response, RESPONSE_KEEP_BYTES);
    call->err.code = BASE_OK;
    call->err.message[0] = '\0';
    call->details = base_str_make(NULL, 0);
}

void rpc_served_call_dispose(struct rpc_served_call *call)
{
    rpc_context_dispose(&call->context);
    base_buf_dispose(&call->response);
}

/* Out of memory leaves the details out: the error they explain matters more. */
static void pack_details(struct rpc_served_call *call)
{
    struct rpc_context *ctx = &call->context;
    Google__Protobuf__Any anys[RPC_CONTEXT_DETAILS_MAX];
    Google__Protobuf__Any *pointers[RPC_CONTEXT_DETAILS_MAX];
    for (size_t i = 0; i < ctx->detail_count; i++) {
        google__protobuf__any__init(&anys[i]);
        anys[i].type_url = (char *)ctx->details[i].type_url.data;
        anys[i].value.data = (uint8_t *)ctx->details[i].value.data;
        anys[i].value.len = ctx->details[i].value.len;
        pointers[i] = &anys[i];
    }
    Google__Rpc__Status status;
    google__rpc__status__init(&status);
    status.code = (int32_t)call->err.code;
    status.message = call->err.message;
    status.n_details = ctx->detail_count;
    status.details = pointers;
    size_t size = google__rpc__status__get_packed_size(&status);
    uint8_t *packed = base_arena_alloc(&ctx->arena, size);
    if (packed != NULL) {
        google__rpc__status__pack(&status, packed);
        call->details = base_str_make((const char *)packed, size);
    }
}

static bool handle(struct rpc_served_call *call)
{
    const struct rpc_endpoint *endpoint = call->endpoint;
    const struct rpc_method *method = endpoint->method;
    struct rpc_context *ctx = &call->context;
    struct base_err *err = &call->err;
    if (method->kind != RPC_UNARY) {
        return base_err_set(err, BASE_UNIMPLEMENTED, "%s is a streaming method", method->path);
    }
    ProtobufCMessage *request;
    if (!rpc_context_check(ctx, err) ||
        !rpc_codec_unpack(method->request, call->request, &ctx->arena, &request, err)) {
        return false;
    }
    ProtobufCMessage *response = rpc_context_alloc(ctx, method->response->sizeof_message, err);
    if (response == NULL) {
        return false;
    }
    protobuf_c_message_init(method->response, response);
    if (!method->unary(endpoint->handlers, endpoint->self, ctx, request, response, err)) {
        assert(err->code != BASE_OK && "a handler that fails says why");
        return false;
    }
    return rpc_codec_pack(response, &call->response, err);
}

static void run(struct rpc_served_call *call)
{
    if (handle(call)) {
        call->err.code = BASE_OK; /* a handler may have tried and forgotten a failure */
        call->err.message[0] = '\0';
    } else if (call->context.detail_count > 0) {
        pack_details(call);
    }
    call->on_done(call);
}

static void run_job(struct rpc_job *job)
{
    run(BASE_CONTAINER_OF(job, struct rpc_served_call, job));
}

void rpc_server_serve(struct rpc_server *server, struct rpc_served_call *call)
{
    call->context.method = call->endpoint->method;
    if (call->endpoint->runs_inline) {
        run(call);
        return;
    }
    call->job.run = run_job;
    if (!rpc_worker_pool_submit(server->pool, &call->job)) {
        base_err_set(&call->err, BASE_UNAVAILABLE, "the server is busy; try again later");
        call->on_done(call);
    }
}
