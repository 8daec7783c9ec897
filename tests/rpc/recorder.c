#include "tests/rpc/recorder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static void wake(struct base_mailbox *box)
{
    struct test_home *home = (struct test_home *)box;
    pthread_mutex_lock(&home->lock);
    home->woken = true;
    pthread_cond_signal(&home->changed);
    pthread_mutex_unlock(&home->lock);
}

void test_home_init(struct test_home *home)
{
    base_mailbox_init(&home->box, wake);
    pthread_mutex_init(&home->lock, NULL);
    pthread_cond_init(&home->changed, NULL);
    home->woken = false;
}

void test_home_dispose(struct test_home *home)
{
    base_mailbox_dispose(&home->box);
    pthread_cond_destroy(&home->changed);
    pthread_mutex_destroy(&home->lock);
}

static void note(struct recorder *recorder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note(struct recorder *recorder, const char *format, ...)
{
    size_t len = strlen(recorder->text);
    va_list args;
    va_start(args, format);
    vsnprintf(recorder->text + len, sizeof recorder->text - len, format, args);
    va_end(args);
}

static void note_metadata(struct recorder *recorder, const struct rpc_metadata *metadata)
{
    for (size_t i = 0; i < metadata->count; i++) {
        const struct rpc_metadata_entry *entry = &metadata->entries[i];
        note(recorder, " %.*s=%.*s", BASE_STR_ARGS(entry->key), BASE_STR_ARGS(entry->value));
    }
}

static void on_headers(void *user, const struct rpc_metadata *headers)
{
    note(user, "headers");
    note_metadata(user, headers);
    note(user, "; ");
}

static void on_message(void *user, struct base_str wire)
{
    struct recorder *recorder = user;
    recorder->message_bytes = wire.len;
    if (wire.len > 0) {
        memcpy(recorder->message, wire.data, wire.len < RECORD_SIZE ? wire.len : RECORD_SIZE);
    }
    note(recorder, "message %zu bytes; ", wire.len);
}

static void on_status(void *user, const struct rpc_status *status)
{
    struct recorder *recorder = user;
    note(recorder, "status %s", base_code_name(status->code));
    note_metadata(recorder, status->trailers);
    recorder->code = status->code;
    snprintf(recorder->status_message, sizeof recorder->status_message, "%.*s",
             BASE_STR_ARGS(status->message));
    recorder->details_bytes = status->details.len;
    if (status->details.len > 0) {
        assert_true(status->details.len < sizeof recorder->details);
        memcpy(recorder->details, status->details.data, status->details.len);
    }
    recorder->statuses++;
    recorder->call = NULL;
}

static const struct rpc_observer observer = {
    .on_headers = on_headers,
    .on_message = on_message,
    .on_status = on_status,
};

void record_start(struct recorder *recorder, struct rpc_channel *channel, const char *path,
                  const struct rpc_metadata *metadata, int64_t deadline_ns, struct test_home *home)
{
    struct base_err err;
    *recorder = (struct recorder){0};
    const struct rpc_target *target = rpc_channel_resolve(channel, path, &err);
    assert_non_null(target);
    recorder->call = rpc_channel_start(channel, &(struct rpc_call_params){
                                                    .target = target,
                                                    .deadline_ns = deadline_ns,
                                                    .metadata = metadata,
                                                    .observer = &observer,
                                                    .user = recorder,
                                                    .home = &home->box,
                                                });
}

void record_wait(struct recorder *recorder, struct test_home *home)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    while (recorder->statuses == 0) {
        pthread_mutex_lock(&home->lock);
        while (!home->woken) {
            if (pthread_cond_timedwait(&home->changed, &home->lock, &until) != 0) {
                pthread_mutex_unlock(&home->lock);
                fail_msg("the call did not end; so far: %s", recorder->text);
            }
        }
        home->woken = false;
        pthread_mutex_unlock(&home->lock);
        base_mailbox_drain(&home->box);
    }
    assert_int_equal(recorder->statuses, 1);
}

void record_call(struct recorder *recorder, struct rpc_channel *channel, const char *path,
                 struct base_str wire, struct test_home *home)
{
    record_start(recorder, channel, path, NULL, BASE_NEVER_NS, home);
    rpc_call_send(recorder->call, wire, true);
    record_wait(recorder, home);
}
