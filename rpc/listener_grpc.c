/* Every method is registered with C-core, so that a call arrives with its request message in one
 * event and is answered with one batch: headers, message, status and, for a call that ran inline,
 * the wait for its close. Only a call that goes to a worker waits for its close in a batch of its
 * own beforehand: that is how cancellation finds the running handler.
 *
 * Each completion queue has one thread, which owns the queue's call objects: they are requested,
 * recycled and freed on it. A worker touches a call only between rpc_server_serve and the reply.
 *
 * C-core calls a server shut down once its connections are gone, though handlers may still run and
 * events wait in the queues. So the listener counts what may still come back: every call object
 * that was requested and every worker inside C-core. Only at zero do the queues close. */
#include "rpc/listener_grpc.h"

#include "base/container.h"
#include "base/mem.h"
#include "base/thread.h"
#include "rpc/grpc_core.h"

#include <assert.h>
#include <grpc/grpc_security.h>
#include <pthread.h>

/* Calls that stand ready for each method and queue; the rest of a burst waits inside C-core until
 * the thread that takes one has put another in its place. */
#define READY_CALLS 32
/* Call objects a queue keeps beyond those that stand ready. */
#define FREE_CALLS_MAX 256
/* How long a closing listener waits for connections that carry no call any more. */
#define LINGER_MS 200
/* Calls in flight on one connection; HTTP/2 makes the client wait with more. */
#define STREAMS_MAX 1024

/* A registered method, or the catch-all for every other path. */
struct method {
    const struct rpc_endpoint *endpoint; /* NULL for the catch-all */
    void *handle;
};

struct queue {
    struct rpc_listener_grpc *listener;
    grpc_completion_queue *cq;
    pthread_t thread;
    struct call *free_calls;
    size_t free_count;
};

struct rpc_listener_grpc {
    struct rpc_server *services;
    grpc_server *server;
    int port;
    struct method *methods;
    size_t method_count;
    struct rpc_grpc_tag shut_down;
    atomic_size_t busy; /* call objects that C-core or a worker holds, workers that reply */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* is_shut_down was set, or busy has reached zero */
    bool is_shut_down;      /* under lock */
    size_t queue_count;
    struct queue queues[];
};

struct call {
    struct rpc_served_call served;
    struct rpc_grpc_tag received;
    struct rpc_grpc_tag closed;
    struct rpc_grpc_tag replied;
    struct queue *queue;
    const struct method *method;
    grpc_call *handle;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_call_details unknown; /* of a call that the catch-all took */
    struct rpc_grpc_message request;
    int was_cancelled;
    int events_due; /* after `received`; on the queue's thread */
    struct call *next_free;
};

static void on_received(struct rpc_grpc_tag *tag, bool ok);
static void on_closed(struct rpc_grpc_tag *tag, bool ok);
static void on_replied(struct rpc_grpc_tag *tag, bool ok);
static void on_done(struct rpc_served_call *served);

static void become_busy(struct rpc_listener_grpc *listener)
{
    atomic_fetch_add_explicit(&listener->busy, 1, memory_order_relaxed);
}

/* On a queue's thread, which the listener outlives. While the listener is open call objects stand
 * ready, so zero is reached only as it closes. */
static void become_less_busy(struct rpc_listener_grpc *listener)
{
    if (atomic_fetch_sub_explicit(&listener->busy, 1, memory_order_acq_rel) == 1) {
        pthread_mutex_lock(&listener->lock);
        pthread_cond_broadcast(&listener->changed);
        pthread_mutex_unlock(&listener->lock);
    }
}

/* On a worker, whose last sight of the listener this is: at zero it may be gone, so the count goes
 * down under the lock that whoever waits for zero must take. */
static void leave(struct rpc_listener_grpc *listener)
{
    pthread_mutex_lock(&listener->lock);
    if (atomic_fetch_sub_explicit(&listener->busy, 1, memory_order_acq_rel) == 1) {
        pthread_cond_broadcast(&listener->changed);
    }
    pthread_mutex_unlock(&listener->lock);
}

static struct call *take_call(struct queue *queue)
{
    struct call *call = queue->free_calls;
    if (call != NULL) {
        queue->free_calls = call->next_free;
        queue->free_count--;
        return call;
    }
    call = base_calloc(1, sizeof *call);
    rpc_served_call_init(&call->served);
    call->served.on_done = on_done;
    call->received.on_event = on_received;
    call->closed.on_event = on_closed;
    call->replied.on_event = on_replied;
    call->queue = queue;
    grpc_metadata_array_init(&call->metadata);
    grpc_call_details_init(&call->unknown);
    return call;
}

static void delete_call(struct call *call)
{
    rpc_served_call_dispose(&call->served);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->unknown);
    base_free(call);
}

/* Nothing of C-core's refers to the call any more. */
static void give_back_call(struct call *call)
{
    struct queue *queue = call->queue;
    if (queue->free_count == FREE_CALLS_MAX) {
        delete_call(call);
    } else {
        call->next_free = queue->free_calls;
        queue->free_calls = call;
        queue->free_count++;
    }
    become_less_busy(queue->listener);
}

/* Puts a call object where the next call of `method` will find it. */
static void request_call(struct queue *queue, const struct method *method)
{
    struct call *call = take_call(queue);
    grpc_server *server = queue->listener->server;
    call->method = method;
    become_busy(queue->listener);
    struct rpc_grpc_tag *tag = rpc_grpc_hand_over(&call->received);
    grpc_call_error error =
        method->endpoint == NULL
            ? grpc_server_request_call(server, &call->handle, &call->unknown, &call->metadata,
                                       queue->cq, queue->cq, tag)
            : grpc_server_request_registered_call(server, method->handle, &call->handle,
                                                  &call->deadline, &call->metadata,
                                                  &call->request.buffer, queue->cq, queue->cq, tag);
    assert(error == GRPC_CALL_OK);
    (void)error;
}

/* The call has been answered and closed. */
static void end_call(struct call *call)
{
    rpc_served_call_reset(&call->served);
    rpc_grpc_message_dispose(&call->request);
    grpc_call_unref(call->handle);
    call->handle = NULL;
    call->metadata.count = 0; /* its slices were the call's */
    if (call->method->endpoint == NULL) {
        grpc_call_details_destroy(&call->unknown);
        grpc_call_details_init(&call->unknown);
    }
    give_back_call(call);
}

static void one_event_less(struct call *call)
{
    if (--call->events_due == 0) {
        end_call(call);
    }
}

static struct call *call_of(struct rpc_grpc_tag *tag, size_t offset)
{
    base_role_assert_cq();
    return (struct call *)((char *)tag - offset);
}

static void on_closed(struct rpc_grpc_tag *tag, bool ok)
{
    (void)ok;
    struct call *call = call_of(tag, offsetof(struct call, closed));
    if (call->was_cancelled) {
        atomic_store_explicit(&call->served.context.cancelled, true, memory_order_relaxed);
    }
    one_event_less(call);
}

static void on_replied(struct rpc_grpc_tag *tag, bool ok)
{
    (void)ok;
    struct call *call = call_of(tag, offsetof(struct call, replied));
    one_event_less(call);
}

static grpc_op watch_close_op(struct call *call)
{
    grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
    op.data.recv_close_on_server.cancelled = &call->was_cancelled;
    return op;
}

static bool goes_to_worker(const struct method *method)
{
    return method->endpoint != NULL && !method->endpoint->runs_inline;
}

/* Sends the whole answer. On the thread that ran the call; another thread may end and reuse the
 * call as soon as the batch has started. */
static void reply(struct call *call)
{
    struct rpc_served_call *served = &call->served;
    bool ok = served->err.code == BASE_OK;
    struct rpc_grpc_metadata headers;
    struct rpc_grpc_metadata trailers;
    rpc_grpc_metadata_make(&headers, &served->context.headers, base_str_make(NULL, 0));
    rpc_grpc_metadata_make(&trailers, &served->context.trailers, served->details);
    grpc_byte_buffer *message = ok ? rpc_grpc_message_make(base_buf_str(&served->response)) : NULL;
    grpc_slice text = rpc_grpc_slice(base_str_of(served->err.message));

    grpc_op ops[4] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}};
    size_t count = 1;
    ops[0].data.send_initial_metadata.count = headers.count;
    ops[0].data.send_initial_metadata.metadata = headers.pairs;
    if (ok) {
        ops[count].op = GRPC_OP_SEND_MESSAGE;
        ops[count++].data.send_message.send_message = message;
    }
    ops[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    ops[count].data.send_status_from_server.trailing_metadata_count = trailers.count;
    ops[count].data.send_status_from_server.trailing_metadata = trailers.pairs;
    ops[count].data.send_status_from_server.status = (grpc_status_code)served->err.code;
    ops[count++].data.send_status_from_server.status_details = ok ? NULL : &text;
    if (!goes_to_worker(call->method)) {
        ops[count++] = watch_close_op(call);
    }
    rpc_grpc_start_batch(call->handle, ops, count, &call->replied);

    grpc_slice_unref(text);
    grpc_byte_buffer_destroy(message);
    rpc_grpc_metadata_dispose(&headers);
    rpc_grpc_metadata_dispose(&trailers);
}

/* On the thread that ran the call. The queue's thread may be done with a worker's call before reply
 * returns, and then only the count keeps the listener. */
static void on_done(struct rpc_served_call *served)
{
    struct call *call = BASE_CONTAINER_OF(served, struct call, served);
    if (!goes_to_worker(call->method)) {
        reply(call);
        return;
    }
    struct rpc_listener_grpc *listener = call->queue->listener;
    become_busy(listener);
    reply(call);
    leave(listener);
}

/* Takes over what came with the call; false, with the failure in served.err, when it is not to be
 * served. */
static bool accept_call(struct call *call)
{
    struct rpc_served_call *served = &call->served;
    if (call->method->endpoint == NULL) {
        struct base_str path = rpc_grpc_str(&call->unknown.method);
        return base_err_set(&served->err, BASE_UNIMPLEMENTED, "unknown method %.*s",
                            BASE_STR_ARGS(path));
    }
    if (call->request.buffer == NULL) {
        return base_err_set(&served->err, BASE_INVALID_ARGUMENT,
                            "%s: expected one request message, found none",
                            call->method->endpoint->method->path);
    }
    served->endpoint = call->method->endpoint;
    served->request = rpc_grpc_message_bytes(&call->request);
    served->context.deadline_ns = rpc_grpc_deadline_ns(call->deadline);
    return rpc_grpc_metadata_read(&call->metadata, &served->context.arena, &served->context.request,
                                  NULL, &served->err);
}

static void on_received(struct rpc_grpc_tag *tag, bool ok)
{
    struct call *call = call_of(tag, offsetof(struct call, received));
    if (!ok) { /* the listener closes */
        give_back_call(call);
        return;
    }
    request_call(call->queue, call->method);
    call->was_cancelled = 0;
    call->events_due = 1;
    if (goes_to_worker(call->method)) {
        call->events_due = 2;
        grpc_op op = watch_close_op(call);
        rpc_grpc_start_batch(call->handle, &op, 1, &call->closed);
    }
    if (accept_call(call)) {
        rpc_server_serve(call->queue->listener->services, &call->served);
    } else {
        reply(call);
    }
}

static void *run_queue(void *arg)
{
    struct queue *queue = arg;
    base_role_enter(BASE_ROLE_CQ);
    rpc_grpc_run(queue->cq);
    while (queue->free_calls != NULL) {
        struct call *call = queue->free_calls;
        queue->free_calls = call->next_free;
        delete_call(call);
    }
    return NULL;
}

static void start_queue(struct queue *queue)
{
    struct rpc_listener_grpc *listener = queue->listener;
    for (size_t i = 0; i < listener->method_count; i++) {
        for (size_t j = 0; j < READY_CALLS; j++) {
            request_call(queue, &listener->methods[i]);
        }
    }
    base_thread_start(&queue->thread, run_queue, queue);
}

static grpc_server *create_server(void)
{
    grpc_arg args[] = {
        {.type = GRPC_ARG_INTEGER,
         .key = GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
         .value.integer = (int)RPC_REQUEST_BYTES_MAX},
        {.type = GRPC_ARG_INTEGER,
         .key = GRPC_ARG_MAX_METADATA_SIZE,
         .value.integer = RPC_GRPC_METADATA_BYTES_MAX},
        {.type = GRPC_ARG_INTEGER,
         .key = GRPC_ARG_MAX_CONCURRENT_STREAMS,
         .value.integer = STREAMS_MAX},
        {.type = GRPC_ARG_INTEGER,
         .key = GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET,
         .value.integer = RPC_GRPC_COMPRESSION_NONE},
        {.type = GRPC_ARG_INTEGER, .key = GRPC_ARG_ALLOW_REUSEPORT, .value.integer = 0},
    };
    grpc_channel_args all = {.num_args = sizeof args / sizeof *args, .args = args};
    return grpc_server_create(&all, NULL);
}

static void register_methods(struct rpc_listener_grpc *listener)
{
    size_t count = rpc_server_endpoint_count(listener->services);
    listener->methods = base_calloc(count + 1, sizeof *listener->methods);
    listener->method_count = count + 1;
    for (size_t i = 0; i < count; i++) {
        const struct rpc_endpoint *endpoint = rpc_server_endpoint(listener->services, i);
        listener->methods[i] = (struct method){
            .endpoint = endpoint,
            .handle = grpc_server_register_method(listener->server, endpoint->method->path, NULL,
                                                  GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0),
        };
    }
}

static bool bind_port(struct rpc_listener_grpc *listener, const char *address, struct base_err *err)
{
    grpc_server_credentials *plaintext = grpc_insecure_server_credentials_create();
    listener->port = grpc_server_add_http2_port(listener->server, address, plaintext);
    grpc_server_credentials_release(plaintext);
    if (listener->port == 0) {
        return base_err_set(err, BASE_UNAVAILABLE,
                            "cannot listen on %s: it is in use, or not an address of this machine",
                            address);
    }
    return true;
}

static void on_shut_down(struct rpc_grpc_tag *tag, bool ok)
{
    (void)ok;
    struct rpc_listener_grpc *listener =
        BASE_CONTAINER_OF(tag, struct rpc_listener_grpc, shut_down);
    pthread_mutex_lock(&listener->lock);
    listener->is_shut_down = true;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
}

/* Under the lock: false when `deadline_ns` has come. */
static bool wait_for_change(struct rpc_listener_grpc *listener, int64_t deadline_ns)
{
    if (deadline_ns == BASE_NEVER_NS) {
        return pthread_cond_wait(&listener->changed, &listener->lock) == 0;
    }
    struct timespec until = {deadline_ns / BASE_NS_PER_S, deadline_ns % BASE_NS_PER_S};
    return pthread_cond_timedwait(&listener->changed, &listener->lock, &until) == 0;
}

/* Waits until no call is left, at most until `deadline_ns`. */
static bool wait_until_idle(struct rpc_listener_grpc *listener, int64_t deadline_ns)
{
    pthread_mutex_lock(&listener->lock);
    bool in_time = true;
    while (atomic_load_explicit(&listener->busy, memory_order_acquire) > 0 && in_time) {
        in_time = wait_for_change(listener, deadline_ns);
    }
    bool done = atomic_load_explicit(&listener->busy, memory_order_acquire) == 0;
    pthread_mutex_unlock(&listener->lock);
    return done;
}

/* Waits until the server has shut down, at most until `deadline_ns`. */
static bool wait_for_shutdown(struct rpc_listener_grpc *listener, int64_t deadline_ns)
{
    pthread_mutex_lock(&listener->lock);
    bool in_time = true;
    while (!listener->is_shut_down && in_time) {
        in_time = wait_for_change(listener, deadline_ns);
    }
    bool done = listener->is_shut_down;
    pthread_mutex_unlock(&listener->lock);
    return done;
}

static struct rpc_listener_grpc *create_listener(struct rpc_server *services, size_t threads)
{
    struct rpc_listener_grpc *listener =
        base_calloc(1, sizeof *listener + threads * sizeof *listener->queues);
    listener->services = services;
    listener->shut_down.on_event = on_shut_down;
    listener->queue_count = threads;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&listener->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&listener->lock, NULL);
    listener->server = create_server();
    for (size_t i = 0; i < threads; i++) {
        struct queue *queue = &listener->queues[i];
        queue->listener = listener;
        queue->cq = grpc_completion_queue_create_for_next(NULL);
        grpc_server_register_completion_queue(listener->server, queue->cq, NULL);
    }
    return listener;
}

/* Everything but the threads, of which none runs. */
static void destroy_listener(struct rpc_listener_grpc *listener)
{
    grpc_server_destroy(listener->server);
    for (size_t i = 0; i < listener->queue_count; i++) {
        grpc_completion_queue_destroy(listener->queues[i].cq);
    }
    pthread_cond_destroy(&listener->changed);
    pthread_mutex_destroy(&listener->lock);
    base_free(listener->methods);
    base_free(listener);
    rpc_grpc_release();
}

struct rpc_listener_grpc *rpc_listener_grpc_open(struct rpc_server *server, const char *address,
                                                 size_t threads, struct base_err *err)
{
    assert(threads > 0 && threads <= RPC_LISTENER_GRPC_THREADS_MAX);
    if (!rpc_grpc_check_address(address, err)) {
        return NULL;
    }
    rpc_grpc_acquire();
    struct rpc_listener_grpc *listener = create_listener(server, threads);
    register_methods(listener);
    if (!bind_port(listener, address, err)) {
        for (size_t i = 0; i < threads; i++) {
            grpc_completion_queue_shutdown(listener->queues[i].cq);
            rpc_grpc_run(listener->queues[i].cq);
        }
        destroy_listener(listener);
        return NULL;
    }
    grpc_server_start(listener->server);
    for (size_t i = 0; i < threads; i++) {
        start_queue(&listener->queues[i]);
    }
    return listener;
}

int rpc_listener_grpc_port(const struct rpc_listener_grpc *listener)
{
    return listener->port;
}

void rpc_listener_grpc_close(struct rpc_listener_grpc *listener, int grace_ms)
{
    if (listener == NULL) {
        return;
    }
    int64_t deadline_ns = base_clock_monotonic_ns() + grace_ms * BASE_NS_PER_MS;
    grpc_server_shutdown_and_notify(listener->server, listener->queues[0].cq, &listener->shut_down);
    if (wait_until_idle(listener, deadline_ns)) {
        /* C-core waits for each connection, too, and an idle client reads that it shall close
         * seconds later, or never. Calls that arrive now are reset: cutting it loses nothing. */
        int64_t linger_ns = base_clock_monotonic_ns() + LINGER_MS * BASE_NS_PER_MS;
        deadline_ns = linger_ns < deadline_ns ? linger_ns : deadline_ns;
    }
    if (!wait_for_shutdown(listener, deadline_ns)) {
        grpc_server_cancel_all_calls(listener->server);
        wait_for_shutdown(listener, BASE_NEVER_NS);
    }
    wait_until_idle(listener, BASE_NEVER_NS);
    for (size_t i = 0; i < listener->queue_count; i++) {
        grpc_completion_queue_shutdown(listener->queues[i].cq);
    }
    for (size_t i = 0; i < listener->queue_count; i++) {
        pthread_join(listener->queues[i].thread, NULL);
    }
    destroy_listener(listener);
}
