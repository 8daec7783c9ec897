/* Calls are taken from and given back to a free list of the thread that owns them: a call starts,
 * and gets its on_status, on the thread that drains its home. A worker touches the call only
 * between rpc_server_serve and the mail that brings it home. */
#include "rpc/channel_inproc.h"

#include "base/container.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdlib.h>

/* Calls a thread keeps for reuse; each holds some 32 KiB once used. */
#define FREE_CALLS_MAX 64

enum call_state {
    CALL_STARTED, /* send has not come */
    CALL_INLINE,  /* running inside send */
    CALL_AWAY,    /* on its way through a worker and home */
};

struct inproc_call {
    struct rpc_call base;
    struct rpc_served_call served;
    struct rpc_server *server;
    const struct rpc_observer *observer;
    void *user;
    struct base_mailbox *home;
    struct base_mail mail;
    enum call_state state;
    struct inproc_call *next_free;
};

struct inproc_channel {
    struct rpc_channel base;
    struct rpc_server *server;
};

struct free_calls {
    struct inproc_call *first;
    size_t count;
};

static _Thread_local struct free_calls free_calls;
static pthread_key_t at_thread_exit;
static pthread_once_t at_thread_exit_once = PTHREAD_ONCE_INIT;

static void delete_call(struct inproc_call *call)
{
    rpc_served_call_dispose(&call->served);
    base_free(call);
}

static void empty_free_calls(void *list)
{
    struct free_calls *calls = list;
    while (calls->first != NULL) {
        struct inproc_call *call = calls->first;
        calls->first = call->next_free;
        delete_call(call);
    }
    calls->count = 0;
}

static void arrange_thread_exit(void)
{
    if (pthread_key_create(&at_thread_exit, empty_free_calls) != 0) {
        abort();
    }
}

static struct inproc_call *take_call(void)
{
    struct inproc_call *call = free_calls.first;
    if (call != NULL) {
        free_calls.first = call->next_free;
        free_calls.count--;
        return call;
    }
    call = base_calloc(1, sizeof *call);
    rpc_served_call_init(&call->served);
    return call;
}

static void give_back_call(struct inproc_call *call)
{
    if (free_calls.count == FREE_CALLS_MAX) {
        delete_call(call);
        return;
    }
    if (free_calls.count == 0) {
        pthread_once(&at_thread_exit_once, arrange_thread_exit);
        pthread_setspecific(at_thread_exit, &free_calls);
    }
    rpc_served_call_reset(&call->served);
    call->next_free = free_calls.first;
    free_calls.first = call;
    free_calls.count++;
}

/* Tells the observer how the call went. On the home thread; the call is dead after it. */
static void end_call(struct inproc_call *call)
{
    const struct rpc_observer *observer = call->observer;
    struct rpc_served_call *served = &call->served;
    bool ok = served->err.code == BASE_OK;
    if (ok || served->context.headers.count > 0) {
        observer->on_headers(call->user, &served->context.headers);
    }
    if (ok) {
        observer->on_message(call->user, base_buf_str(&served->response));
    }
    struct rpc_status status = {
        .code = served->err.code,
        .message = base_str_of(served->err.message),
        .details = served->details,
        .trailers = &served->context.trailers,
    };
    observer->on_status(call->user, &status);
    give_back_call(call);
}

static void on_mail(struct base_mail *mail)
{
    end_call(BASE_CONTAINER_OF(mail, struct inproc_call, mail));
}

static void on_done(struct rpc_served_call *served)
{
    struct inproc_call *call = BASE_CONTAINER_OF(served, struct inproc_call, served);
    if (call->state == CALL_INLINE) {
        end_call(call);
    } else {
        base_mailbox_post(call->home, &call->mail);
    }
}

static void send_message(struct rpc_call *base, struct base_str wire, bool last)
{
    struct inproc_call *call = (struct inproc_call *)base;
    (void)last; /* of a unary call the first message is the last */
    if (call->state != CALL_STARTED) {
        return; /* cancelled before: its status is on the way */
    }
    call->served.request = wire;
    call->state = call->served.endpoint->runs_inline ? CALL_INLINE : CALL_AWAY;
    rpc_server_serve(call->server, &call->served);
}

static void cancel(struct rpc_call *base)
{
    struct inproc_call *call = (struct inproc_call *)base;
    atomic_store_explicit(&call->served.context.cancelled, true, memory_order_relaxed);
    if (call->state == CALL_STARTED) {
        call->state = CALL_AWAY;
        base_err_set(&call->served.err, BASE_CANCELLED, "the call was cancelled");
        base_mailbox_post(call->home, &call->mail);
    }
}

static const struct rpc_call_ops call_ops = {.send = send_message, .cancel = cancel};

/* A target is the endpoint itself. */
static const struct rpc_target *resolve(struct rpc_channel *base, const char *path,
                                        struct base_err *err)
{
    struct inproc_channel *channel = (struct inproc_channel *)base;
    const struct rpc_endpoint *endpoint = rpc_server_find(channel->server, base_str_of(path));
    if (endpoint == NULL) {
        base_err_set(err, BASE_UNIMPLEMENTED, "unknown method %s", path);
    }
    return (const struct rpc_target *)endpoint;
}

static struct rpc_call *start(struct rpc_channel *base, const struct rpc_call_params *params)
{
    struct inproc_channel *channel = (struct inproc_channel *)base;
    struct inproc_call *call = take_call();
    call->base.ops = &call_ops;
    call->server = channel->server;
    call->observer = params->observer;
    call->user = params->user;
    call->home = params->home;
    call->mail.on_mail = on_mail;
    call->state = CALL_STARTED;
    call->served.endpoint = (const struct rpc_endpoint *)params->target;
    call->served.on_done = on_done;
    call->served.context.deadline_ns = params->deadline_ns;
    if (params->metadata != NULL) {
        call->served.context.request = *params->metadata;
    }
    return &call->base;
}

static void destroy(struct rpc_channel *base)
{
    base_free(base);
}

static const struct rpc_channel_ops channel_ops = {
    .resolve = resolve,
    .start = start,
    .destroy = destroy,
};

struct rpc_channel *rpc_channel_inproc_create(struct rpc_server *server)
{
    struct inproc_channel *channel = base_alloc(sizeof *channel);
    *channel = (struct inproc_channel){.base.ops = &channel_ops, .server = server};
    return &channel->base;
}
