#include "tests/gateway/fake_channel.h"

#include "base/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

struct rpc_target {
    char path[128];
    struct rpc_target *next;
};

/* Referred to by whoever may still end it and by the mail under way. */
struct fake_call {
    struct rpc_call call;
    struct base_mail mail;
    struct fake_channel *fake;
    struct fake_plan plan;
    struct rpc_call_params params;
    atomic_bool is_over; /* somebody has decided how it ends */
    atomic_int references;
    enum base_code code; /* set by who decided */
};

static struct rpc_target *targets;

static void unref(struct fake_call *call)
{
    if (atomic_fetch_sub(&call->references, 1) == 1) {
        base_free(call);
    }
}

static void deliver(struct fake_call *call)
{
    const struct rpc_observer *observer = call->params.observer;
    const struct fake_plan *plan = &call->plan;
    struct rpc_metadata_entry entry = {plan->header_key, plan->header_value};
    struct rpc_metadata headers = {.entries = &entry, .count = plan->header_key.len > 0};
    struct rpc_metadata_entry last = {plan->trailer_key, plan->trailer_value};
    struct rpc_metadata trailers = {.entries = &last, .count = plan->trailer_key.len > 0};
    struct rpc_status status = {
        .code = call->code,
        .message = call->code == BASE_CANCELLED ? BASE_STR("cancelled") : plan->message,
        .details = plan->details,
        .trailers = &trailers,
    };
    observer->on_headers(call->params.user, &headers);
    if (call->code == BASE_OK && !plan->is_silent) {
        observer->on_message(call->params.user, plan->response);
    }
    atomic_fetch_add(&call->fake->ended, 1);
    observer->on_status(call->params.user, &status);
}

static void on_mail(struct base_mail *mail)
{
    struct fake_call *call =
        (struct fake_call *)(void *)((char *)mail - offsetof(struct fake_call, mail));
    deliver(call);
    unref(call);
}

/* The first to decide posts the end; takes one reference of the caller's. */
static void end_through_mailbox(struct fake_call *call, enum base_code code)
{
    if (atomic_exchange(&call->is_over, true)) {
        unref(call);
        return;
    }
    call->code = code;
    call->mail.on_mail = on_mail;
    base_mailbox_post(call->params.home, &call->mail);
}

static void *end_later(void *argument)
{
    struct fake_call *call = argument;
    struct timespec delay = {call->plan.delay_ms / 1000, call->plan.delay_ms % 1000 * 1000000L};
    struct timespec tick = {0, 1000000};
    nanosleep(&delay, NULL);
    while (atomic_load(&call->fake->is_held)) {
        nanosleep(&tick, NULL);
    }
    end_through_mailbox(call, call->plan.code);
    return NULL;
}

static void note_request(struct fake_channel *fake, const struct fake_call *call,
                         struct base_str wire)
{
    snprintf(fake->last_path, sizeof fake->last_path, "%s", call->params.target->path);
    fake->last_request_len =
        wire.len < sizeof fake->last_request ? wire.len : sizeof fake->last_request;
    if (wire.len > 0) {
        memcpy(fake->last_request, wire.data, fake->last_request_len);
    }
    size_t used = 0;
    fake->last_metadata[0] = '\0';
    for (size_t i = 0; i < call->params.metadata->count; i++) {
        const struct rpc_metadata_entry *entry = &call->params.metadata->entries[i];
        used +=
            (size_t)snprintf(fake->last_metadata + used, sizeof fake->last_metadata - used,
                             "%.*s=%.*s\n", BASE_STR_ARGS(entry->key), BASE_STR_ARGS(entry->value));
        assert_true(used < sizeof fake->last_metadata);
    }
}

static void fake_send(struct rpc_call *self, struct base_str wire, bool last)
{
    struct fake_call *call = (struct fake_call *)(void *)self;
    pthread_t thread;
    assert_true(last);
    if (call->plan.is_recorded) {
        note_request(call->fake, call, wire);
    }
    switch (call->plan.end) {
    case FAKE_INLINE:
        call->code = call->plan.code;
        deliver(call);
        base_free(call);
        break;
    case FAKE_LATER:
        pthread_create(&thread, NULL, end_later, call);
        pthread_detach(thread);
        break;
    case FAKE_NEVER:
        break;
    }
}

static void fake_cancel(struct rpc_call *self)
{
    struct fake_call *call = (struct fake_call *)(void *)self;
    atomic_fetch_add(&call->fake->cancelled, 1);
    atomic_fetch_add(&call->references, 1);
    end_through_mailbox(call, BASE_CANCELLED);
    if (call->plan.end == FAKE_NEVER) {
        unref(call); /* the reference of the end that does not come by itself */
    }
}

static const struct rpc_call_ops call_ops = {.send = fake_send, .cancel = fake_cancel};

static struct rpc_call *fake_start(struct rpc_channel *self, const struct rpc_call_params *params)
{
    struct fake_channel *fake = (struct fake_channel *)(void *)self;
    struct fake_call *call = base_calloc(1, sizeof *call);
    call->call.ops = &call_ops;
    call->fake = fake;
    call->plan = fake->plan;
    call->params = *params;
    atomic_init(&call->references, 1);
    atomic_store(&fake->last_deadline_ns, params->deadline_ns);
    atomic_fetch_add(&fake->started, 1);
    return &call->call;
}

static const struct rpc_target *fake_resolve(struct rpc_channel *self, const char *path,
                                             struct base_err *err)
{
    const struct fake_channel *fake = (struct fake_channel *)(void *)self;
    if (fake->missing != NULL && strcmp(path, fake->missing) == 0) {
        base_err_set(err, BASE_UNIMPLEMENTED, "unknown method %s", path);
        return NULL;
    }
    struct rpc_target *target = base_calloc(1, sizeof *target);
    snprintf(target->path, sizeof target->path, "%s", path);
    target->next = targets;
    targets = target;
    return target;
}

static void fake_destroy(struct rpc_channel *self)
{
    (void)self;
    while (targets != NULL) {
        struct rpc_target *next = targets->next;
        base_free(targets);
        targets = next;
    }
}

static const struct rpc_channel_ops channel_ops = {
    .resolve = fake_resolve, .start = fake_start, .destroy = fake_destroy};

void fake_channel_init(struct fake_channel *fake)
{
    *fake = (struct fake_channel){.channel.ops = &channel_ops};
}

void fake_channel_await(const atomic_int *counter, int value)
{
    struct timespec tick = {0, 1000000};
    for (int i = 0; i < FAKE_AWAIT_MS_MAX && atomic_load(counter) < value; i++) {
        nanosleep(&tick, NULL);
    }
    assert_true(atomic_load(counter) >= value);
}
