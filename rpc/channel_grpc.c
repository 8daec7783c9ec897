/* A unary call is one batch: everything it sends and everything it receives, with one event when
 * all of it is done. The completion-queue thread posts the call to its home, where the event is
 * turned into the observer's and the call is freed.
 *
 * A failure of the connection gets a message of ours, which may reach a client: it names neither
 * C-core nor the upstream's address. */
#include "rpc/channel_grpc.h"

#include "base/container.h"
#include "base/mem.h"
#include "base/role.h"
#include "base/thread.h"
#include "base/utf8.h"
#include "rpc/context.h"
#include "rpc/grpc_core.h"

#include <grpc/grpc_security.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>

/* How soon C-core tries to connect again, and how long one try may take. */
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 1000
#define CONNECT_TIMEOUT_MS 5000

/* C-core has the kernel watch for acknowledgements (TCP_USER_TIMEOUT) only where it may also send
 * pings of its own. Those are not wanted: servers close connections that ping more often than every
 * five minutes (gRFC A8). */
#define PING_PERIOD_MS (15 * 60 * 1000)

struct target {
    char *path; /* owned */
    void *handle;
};

struct grpc_upstream {
    struct rpc_channel base;
    grpc_channel *channel;
    grpc_completion_queue *cq;
    pthread_t thread;
    pthread_mutex_t lock; /* of targets */
    void *targets; /* tsearch(3), by path: a gateway resolves all its methods with every reload */
};

struct upstream_call {
    struct rpc_call base;
    const struct rpc_metadata *metadata;
    const struct rpc_observer *observer;
    void *user;
    struct base_mailbox *home;
    int64_t deadline_ns;
    struct base_mail mail;
    struct rpc_grpc_tag finished;
    bool is_under_way;
    bool is_cancelled; /* by us */
    grpc_call *handle;
    grpc_metadata_array headers;
    grpc_metadata_array trailers;
    struct rpc_grpc_message response;
    grpc_status_code code;
    grpc_slice text;
    struct base_arena arena; /* of the metadata shown to the observer */
};

/* What C-core 1.51 says of a connection that failed, and what we say instead. Anything else is the
 * upstream's own message. */
static const struct {
    const char *theirs;
    const char *ours;
} connection_failures[] = {
    {"Connection refused", "is not reachable: connection refused"},
    {"Trying to connect an http1.x server", "is not reachable: it does not speak HTTP/2"},
    {"DNS resolution failed", "is not reachable: its name was not found"},
    {"No route to host", "is not reachable: no route to host"},
    {"Network is unreachable", "is not reachable: no route to host"},
    {"No such file or directory", "is not reachable: no such socket"},
    {"failed to connect to all addresses", "is not reachable: connecting failed"},
    {"connections to all backends failing", "is not reachable: connecting failed"},
    {"Socket closed", "closed the connection"},
    {"Connection reset by peer", "closed the connection"},
    {"Broken pipe", "closed the connection"},
    {"Connection timed out", "does not answer any more"},
    {"keepalive watchdog timeout", "does not answer any more"},
    {"GOAWAY", "closed the connection"},
};

static bool contains(struct base_str text, const char *part)
{
    return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

/* Fills `err` where the failure is not the upstream's word but C-core's, in our own words. */
static bool explain(const struct upstream_call *call, struct base_str text, struct base_err *err)
{
    enum base_code code = (enum base_code)call->code;
    if (code == BASE_DEADLINE_EXCEEDED && base_str_eq(text, BASE_STR("Deadline Exceeded"))) {
        base_err_set(err, code, RPC_DEADLINE_EXCEEDED);
        return true;
    }
    if (code == BASE_CANCELLED && base_str_eq(text, BASE_STR("CANCELLED"))) {
        if (call->is_cancelled) {
            base_err_set(err, code, "the call was cancelled");
        } else { /* a server that shuts down resets the streams it does not serve any more */
            base_err_set(err, BASE_UNAVAILABLE, "the upstream closed the connection");
        }
        return true;
    }
    for (size_t i = 0;
         code == BASE_UNAVAILABLE && i < sizeof connection_failures / sizeof *connection_failures;
         i++) {
        if (contains(text, connection_failures[i].theirs)) {
            base_err_set(err, code, "the upstream %s", connection_failures[i].ours);
            return true;
        }
    }
    return false;
}

/* Pairs that break the rules of metadata, or its limits, are left out: the answer matters more. */
static void read_metadata(struct upstream_call *call, const grpc_metadata_array *array,
                          struct rpc_metadata *out, struct base_str *out_details)
{
    for (size_t i = 0; i < array->count; i++) {
        grpc_metadata_array one = {.count = 1, .metadata = &array->metadata[i]};
        struct base_err ignored;
        (void)!rpc_grpc_metadata_read(&one, &call->arena, out, out_details, &ignored);
    }
}

static void tell_answer(struct upstream_call *call)
{
    struct rpc_metadata headers = {0};
    read_metadata(call, &call->headers, &headers, NULL);
    bool answered = call->code == GRPC_STATUS_OK && call->response.buffer != NULL;
    if (answered || headers.count > 0) {
        call->observer->on_headers(call->user, &headers);
    }
    if (answered) {
        call->observer->on_message(call->user, rpc_grpc_message_bytes(&call->response));
    }
}

static void tell_status(struct upstream_call *call)
{
    struct rpc_metadata trailers = {0};
    struct base_str text = rpc_grpc_str(&call->text);
    struct rpc_status status = {
        .code = (unsigned)call->code < BASE_CODE_COUNT ? (enum base_code)call->code : BASE_UNKNOWN,
        .message = base_str_make(text.data, base_utf8_valid_len(text)),
        .trailers = &trailers,
    };
    read_metadata(call, &call->trailers, &trailers, &status.details);
    struct base_err err;
    if (explain(call, text, &err)) {
        status.code = err.code;
        status.message = base_str_of(err.message);
    } else if (call->code == GRPC_STATUS_OK && call->response.buffer == NULL) {
        status.code = BASE_INTERNAL;
        status.message = BASE_STR("the upstream answered without a message");
    }
    call->observer->on_status(call->user, &status);
}

static void delete_call(struct upstream_call *call)
{
    grpc_call_unref(call->handle);
    grpc_metadata_array_destroy(&call->headers);
    grpc_metadata_array_destroy(&call->trailers);
    rpc_grpc_message_dispose(&call->response);
    grpc_slice_unref(call->text);
    base_arena_dispose(&call->arena);
    base_free(call);
}

/* On the home thread. */
static void on_mail(struct base_mail *mail)
{
    struct upstream_call *call = BASE_CONTAINER_OF(mail, struct upstream_call, mail);
    tell_answer(call);
    tell_status(call);
    delete_call(call);
}

static void on_finished(struct rpc_grpc_tag *tag, bool ok)
{
    (void)ok; /* a batch that receives the status always succeeds */
    base_role_assert_cq();
    struct upstream_call *call = BASE_CONTAINER_OF(tag, struct upstream_call, finished);
    base_mailbox_post(call->home, &call->mail);
}

/* Of a call that was never sent no batch brings the status. */
static void end_unsent(struct upstream_call *call, grpc_status_code code, const char *text)
{
    call->is_under_way = true;
    call->code = code;
    call->text = grpc_slice_from_static_string(text);
    base_mailbox_post(call->home, &call->mail);
}

static void send_message(struct rpc_call *base, struct base_str wire, bool last)
{
    struct upstream_call *call = (struct upstream_call *)base;
    (void)last; /* of a unary call the first message is the last */
    if (call->is_under_way) {
        return; /* cancelled before: its status is on the way */
    }
    /* C-core rounds deadlines up to milliseconds: it would send a call a moment too late. */
    if (base_clock_monotonic_ns() >= call->deadline_ns) {
        end_unsent(call, GRPC_STATUS_DEADLINE_EXCEEDED, "Deadline Exceeded");
        return;
    }
    call->is_under_way = true;
    struct rpc_grpc_metadata metadata;
    rpc_grpc_metadata_make(&metadata, call->metadata, base_str_make(NULL, 0));
    grpc_byte_buffer *message = rpc_grpc_message_make(wire);

    grpc_op ops[6] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},  {.op = GRPC_OP_SEND_MESSAGE},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}, {.op = GRPC_OP_RECV_INITIAL_METADATA},
        {.op = GRPC_OP_RECV_MESSAGE},           {.op = GRPC_OP_RECV_STATUS_ON_CLIENT},
    };
    ops[0].data.send_initial_metadata.count = metadata.count;
    ops[0].data.send_initial_metadata.metadata = metadata.pairs;
    ops[1].data.send_message.send_message = message;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &call->headers;
    ops[4].data.recv_message.recv_message = &call->response.buffer;
    ops[5].data.recv_status_on_client.trailing_metadata = &call->trailers;
    ops[5].data.recv_status_on_client.status = &call->code;
    ops[5].data.recv_status_on_client.status_details = &call->text;
    rpc_grpc_start_batch(call->handle, ops, 6, &call->finished);

    grpc_byte_buffer_destroy(message);
    rpc_grpc_metadata_dispose(&metadata);
}

static void cancel(struct rpc_call *base)
{
    struct upstream_call *call = (struct upstream_call *)base;
    call->is_cancelled = true;
    grpc_call_cancel(call->handle, NULL);
    if (!call->is_under_way) {
        end_unsent(call, GRPC_STATUS_CANCELLED, "CANCELLED");
    }
}

static const struct rpc_call_ops call_ops = {.send = send_message, .cancel = cancel};

static int compare_targets(const void *a, const void *b)
{
    return strcmp(((const struct target *)a)->path, ((const struct target *)b)->path);
}

static void target_destroy(void *memory)
{
    struct target *target = memory;
    base_free(target->path);
    base_free(target);
}

static struct target *add_target(struct grpc_upstream *upstream, const char *path)
{
    struct target *target = base_calloc(1, sizeof *target);
    size_t size = strlen(path) + 1;
    target->path = memcpy(base_alloc(size), path, size);
    target->handle = grpc_channel_register_call(upstream->channel, path, NULL, NULL);
    if (tsearch(target, &upstream->targets, compare_targets) == NULL) {
        abort(); /* out of memory, as in base/mem.h */
    }
    return target;
}

static const struct rpc_target *resolve(struct rpc_channel *base, const char *path,
                                        struct base_err *err)
{
    (void)err; /* only the upstream knows its methods */
    struct grpc_upstream *upstream = (struct grpc_upstream *)base;
    const struct target wanted = {.path = (char *)(uintptr_t)path};
    pthread_mutex_lock(&upstream->lock);
    struct target *const *found = tfind(&wanted, &upstream->targets, compare_targets);
    struct target *target = found == NULL ? add_target(upstream, path) : *found;
    pthread_mutex_unlock(&upstream->lock);
    return (const struct rpc_target *)target;
}

static struct rpc_call *start(struct rpc_channel *base, const struct rpc_call_params *params)
{
    struct grpc_upstream *upstream = (struct grpc_upstream *)base;
    const struct target *target = (const struct target *)params->target;
    struct upstream_call *call = base_calloc(1, sizeof *call);
    call->base.ops = &call_ops;
    call->metadata = params->metadata;
    call->observer = params->observer;
    call->user = params->user;
    call->home = params->home;
    call->deadline_ns = params->deadline_ns;
    call->mail.on_mail = on_mail;
    call->finished.on_event = on_finished;
    call->text = grpc_empty_slice();
    base_arena_init(&call->arena, 4 * RPC_METADATA_BYTES_MAX);
    call->handle = grpc_channel_create_registered_call(
        upstream->channel, NULL, GRPC_PROPAGATE_DEFAULTS, upstream->cq, target->handle,
        rpc_grpc_deadline(params->deadline_ns), NULL);
    return &call->base;
}

static void *run_queue(void *arg)
{
    struct grpc_upstream *upstream = arg;
    base_role_enter(BASE_ROLE_CQ);
    rpc_grpc_run(upstream->cq);
    return NULL;
}

static void destroy(struct rpc_channel *base)
{
    struct grpc_upstream *upstream = (struct grpc_upstream *)base;
    grpc_channel_destroy(upstream->channel);
    grpc_completion_queue_shutdown(upstream->cq);
    pthread_join(upstream->thread, NULL);
    grpc_completion_queue_destroy(upstream->cq);
    tdestroy(upstream->targets, target_destroy);
    pthread_mutex_destroy(&upstream->lock);
    base_free(upstream);
    rpc_grpc_release();
}

static const struct rpc_channel_ops channel_ops = {
    .resolve = resolve,
    .start = start,
    .destroy = destroy,
};

static grpc_arg integer_arg(const char *key, int value)
{
    return (grpc_arg){.type = GRPC_ARG_INTEGER, .key = (char *)key, .value.integer = value};
}

/* Proxies named in the environment are for the outside world, not for an upstream. */
static grpc_channel *open_channel(const char *address)
{
    grpc_arg args[] = {
        integer_arg(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int)RPC_CHANNEL_GRPC_MESSAGE_BYTES_MAX),
        integer_arg(GRPC_ARG_MAX_METADATA_SIZE, RPC_GRPC_METADATA_BYTES_MAX),
        integer_arg(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, RPC_GRPC_COMPRESSION_NONE),
        integer_arg(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, BACKOFF_FIRST_MS),
        integer_arg(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, BACKOFF_MAX_MS),
        integer_arg(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, CONNECT_TIMEOUT_MS),
        integer_arg(GRPC_ARG_KEEPALIVE_TIME_MS, PING_PERIOD_MS),
        integer_arg(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, RPC_CHANNEL_GRPC_SILENCE_MS),
        integer_arg(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
    };
    grpc_channel_args all = {.num_args = sizeof args / sizeof *args, .args = args};
    grpc_channel_credentials *plaintext = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(address, plaintext, &all);
    grpc_channel_credentials_release(plaintext);
    return channel;
}

struct rpc_channel *rpc_channel_grpc_create(const char *address, struct base_err *err)
{
    if (!rpc_grpc_check_address(address, err)) {
        return NULL;
    }
    rpc_grpc_acquire();
    struct grpc_upstream *upstream = base_calloc(1, sizeof *upstream);
    upstream->base.ops = &channel_ops;
    upstream->channel = open_channel(address);
    upstream->cq = grpc_completion_queue_create_for_next(NULL);
    pthread_mutex_init(&upstream->lock, NULL);
    base_thread_start(&upstream->thread, run_queue, upstream);
    return &upstream->base;
}
