#include "store_support.h"

#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

const struct srv_collection store_notes = {"notes", SRV_KEY_TEXT, &notes__v1__note__descriptor};
const struct srv_collection store_users = {"users", SRV_KEY_NUMBER, &library__v1__user__descriptor};

static _Thread_local char answer[1024];

const char *store_outcome(bool ok, const struct base_err *err)
{
    if (ok) {
        return "OK";
    }
    snprintf(answer, sizeof answer, "%s: %s", base_code_name(err->code), err->message);
    return answer;
}

const char *store_insert_note(struct srv_store *store, const char *key, const char *title,
                              size_t content_len)
{
    char *content = base_alloc(content_len + 1);
    memset(content, 'x', content_len);
    content[content_len] = '\0';
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    note.title = (char *)title;
    note.content = content;
    struct rpc_context ctx;
    struct base_err err;
    rpc_context_init(&ctx);
    bool ok = srv_store_insert(store, &ctx, &store_notes, srv_key_text(base_str_of(key)),
                               &note.base, &err);
    rpc_context_dispose(&ctx);
    base_free(content);
    return store_outcome(ok, &err);
}

const char *store_title_of(struct srv_store *store, const char *key)
{
    struct rpc_context ctx;
    struct base_err err;
    ProtobufCMessage *message;
    rpc_context_init(&ctx);
    bool ok = srv_store_get(store, &ctx, &store_notes, srv_key_text(base_str_of(key)), SRV_OPEN,
                            &message, &err);
    if (ok) {
        snprintf(answer, sizeof answer, "%s", ((Notes__V1__Note *)message)->title);
    }
    rpc_context_dispose(&ctx);
    return ok ? answer : store_outcome(false, &err);
}

const char *store_remove_note(struct srv_store *store, const char *key)
{
    struct rpc_context ctx;
    struct base_err err;
    rpc_context_init(&ctx);
    bool ok = srv_store_remove(store, &ctx, &store_notes, srv_key_text(base_str_of(key)), &err);
    rpc_context_dispose(&ctx);
    return store_outcome(ok, &err);
}

struct retitle {
    struct srv_mutation mutation;
    const char *title;
};

static bool retitle(const struct srv_mutation *self, struct rpc_context *ctx,
                    ProtobufCMessage *message, struct base_err *err)
{
    const struct retitle *change = (const struct retitle *)self;
    char *title = rpc_context_strdup(ctx, base_str_of(change->title), err);
    ((Notes__V1__Note *)message)->title = title;
    return title != NULL;
}

const char *store_retitle(struct srv_store *store, const char *key, const char *title)
{
    struct rpc_context ctx;
    struct base_err err;
    ProtobufCMessage *message;
    struct retitle change = {{retitle}, title};
    rpc_context_init(&ctx);
    bool ok = srv_store_update(store, &ctx, &store_notes, srv_key_text(base_str_of(key)),
                               &change.mutation, &message, &err);
    rpc_context_dispose(&ctx);
    return store_outcome(ok, &err);
}

static bool count_up(const struct srv_mutation *self, struct rpc_context *ctx,
                     ProtobufCMessage *message, struct base_err *err)
{
    (void)self;
    Notes__V1__Note *note = (Notes__V1__Note *)message;
    char next[24];
    snprintf(next, sizeof next, "%ld", strtol(note->title, NULL, 10) + 1);
    note->title = rpc_context_strdup(ctx, base_str_of(next), err);
    return note->title != NULL;
}

int64_t store_count_up(struct srv_store *store, const char *key)
{
    struct rpc_context ctx;
    struct base_err err;
    ProtobufCMessage *message;
    struct srv_mutation mutation = {count_up};
    rpc_context_init(&ctx);
    bool ok = srv_store_update(store, &ctx, &store_notes, srv_key_text(base_str_of(key)), &mutation,
                               &message, &err);
    int64_t written = ok ? strtol(((Notes__V1__Note *)message)->title, NULL, 10) : -1;
    rpc_context_dispose(&ctx);
    return written;
}

int64_t store_next_id(struct srv_store *store, const char *counter)
{
    struct rpc_context ctx;
    struct base_err err;
    int64_t id = -1;
    rpc_context_init(&ctx);
    bool ok = srv_store_next_id(store, &ctx, counter, &id, &err);
    rpc_context_dispose(&ctx);
    return ok ? id : -1;
}

struct thread {
    pthread_t handle;
    void (*body)(void *user, size_t index);
    void *user;
    size_t index;
};

static void *run_thread(void *user)
{
    struct thread *thread = user;
    thread->body(thread->user, thread->index);
    return NULL;
}

void store_on_threads(size_t count, void (*body)(void *user, size_t index), void *user)
{
    struct thread *threads = base_calloc(count, sizeof *threads);
    for (size_t i = 0; i < count; i++) {
        threads[i] = (struct thread){.body = body, .user = user, .index = i};
        int failure = pthread_create(&threads[i].handle, NULL, run_thread, &threads[i]);
        assert(failure == 0);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i].handle, NULL);
    }
    base_free(threads);
}
