/* What is read lands in two tables, from which lists for the listener are made: a list costs a copy
 * of 100,000 pointers, which is nothing beside what a listener builds of it. A change is applied
 * before the version that names it is taken for seen, so that a failure half-way is only tried
 * again. */
#include "server/access_watch.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/role.h"
#include "base/thread.h"
#include "server/access_state.h"
#include "server/access_table.h"

#include <pthread.h>

struct srv_access_watch {
    struct srv_access *access;
    struct srv_access_listener *listener;
    struct srv_access_table keys;
    struct srv_access_table plans;
    int64_t version; /* of the state that the tables stand for */
    int64_t reload_ns;
    bool is_failing;
    pthread_t thread;
    pthread_mutex_t lock;   /* of is_closing */
    pthread_cond_t closing; /* on the monotonic clock */
    bool is_closing;
};

/* ---- Reading ---- */

static void context_init(struct rpc_context *ctx)
{
    rpc_context_init(ctx);
    ctx->deadline_ns = base_clock_monotonic_ns() + SRV_ACCESS_WATCH_TIMEOUT_MS * BASE_NS_PER_MS;
}

/* Leaves of a key what the header says is kept. */
static void slim(ProtobufCMessage *message)
{
    if (message->descriptor == &tollgate__api_key__descriptor) {
        Tollgate__ApiKey *key = (Tollgate__ApiKey *)message;
        key->description = (char *)(uintptr_t)protobuf_c_empty_string;
        key->created_date = NULL;
        key->last_updated_date = NULL;
        key->sealed_value = (ProtobufCBinaryData){0};
        key->n_tags = 0;
    }
    message->n_unknown_fields = 0;
}

static void put(struct srv_access_table *table, struct base_str id, ProtobufCMessage *message)
{
    slim(message);
    srv_access_table_put(table, id, message);
}

/* Reads one list behind what the table holds. */
static bool load_list(struct srv_access_watch *watch, struct srv_access_table *table,
                      bool *out_has_more, struct base_err *err)
{
    struct rpc_context ctx;
    context_init(&ctx);
    struct srv_key after = {0};
    if (table->count > 0) {
        after = srv_key_text(base_str_of(table->rows[table->count - 1].id));
    }
    struct srv_page page;
    bool ok =
        srv_store_list(watch->access->store, &ctx, table->collection,
                       table->count > 0 ? &after : NULL, SRV_STORE_LIST_MAX, SRV_OPEN, &page, err);
    for (size_t i = 0; ok && i < page.count; i++) {
        put(table, page.documents[i].key.text, page.documents[i].message);
    }
    *out_has_more = ok && page.has_more;
    rpc_context_dispose(&ctx);
    return ok;
}

/* Reads a whole collection in the place of what the table held. */
static bool load_table(struct srv_access_watch *watch, struct srv_access_table *table,
                       struct base_err *err)
{
    struct srv_access_table fresh;
    srv_access_table_init(&fresh, table->collection);
    bool ok;
    bool has_more;
    do {
        ok = load_list(watch, &fresh, &has_more, err);
    } while (has_more);
    if (!ok) {
        srv_access_table_dispose(&fresh);
        return false;
    }
    srv_access_table_dispose(table);
    *table = fresh;
    return true;
}

static bool load_all(struct srv_access_watch *watch, struct base_err *err)
{
    if (!load_table(watch, &watch->plans, err) || !load_table(watch, &watch->keys, err)) {
        return false;
    }
    watch->reload_ns = base_clock_monotonic_ns() + SRV_ACCESS_RELOAD_PERIOD_S * BASE_NS_PER_S;
    return true;
}

/* Reads again what one change names. */
static bool load_changed(struct srv_access_watch *watch, struct rpc_context *ctx,
                         const char *change, struct base_err *err)
{
    struct base_str text = base_str_of(change);
    const char *colon = strchr(change, ':');
    if (colon == NULL) {
        return true; /* not of this version's making; the next reload finds what it was */
    }
    struct base_str id = base_str_of(colon + 1);
    struct srv_access_table *table =
        base_str_starts_with(text, BASE_STR("plan:")) ? &watch->plans : &watch->keys;
    ProtobufCMessage *message;
    if (srv_store_get(watch->access->store, ctx, table->collection, srv_key_text(id), SRV_OPEN,
                      &message, err)) {
        put(table, id, message);
        return true;
    }
    if (err->code != BASE_NOT_FOUND) {
        return false;
    }
    srv_access_table_remove(table, id);
    return true;
}

static bool load_changes(struct srv_access_watch *watch, const Tollgate__AccessState *state,
                         size_t missed, struct base_err *err)
{
    bool ok = true;
    for (size_t i = state->n_changes - missed; ok && i < state->n_changes; i++) {
        struct rpc_context ctx;
        context_init(&ctx);
        ok = load_changed(watch, &ctx, state->changes[i], err);
        rpc_context_dispose(&ctx);
    }
    return ok;
}

/* ---- Telling ---- */

static void tell(struct srv_access_watch *watch)
{
    Tollgate__ApiKey **keys = base_calloc(watch->keys.count, sizeof *keys);
    Tollgate__UsagePlan **plans = base_calloc(watch->plans.count, sizeof *plans);
    for (size_t i = 0; i < watch->keys.count; i++) {
        keys[i] = (Tollgate__ApiKey *)watch->keys.rows[i].message;
    }
    for (size_t i = 0; i < watch->plans.count; i++) {
        plans[i] = (Tollgate__UsagePlan *)watch->plans.rows[i].message;
    }
    const struct srv_access_list list = {keys, watch->keys.count, plans, watch->plans.count};
    watch->listener->on_access(watch->listener, &list);
    base_free(keys);
    base_free(plans);
}

/* Brings the tables to what `state` stands for. */
static bool follow(struct srv_access_watch *watch, const Tollgate__AccessState *state,
                   bool *out_changed, struct base_err *err)
{
    int64_t missed = state->version - watch->version;
    bool is_named = missed >= 0 && (uint64_t)missed <= state->n_changes;
    bool is_due = base_clock_monotonic_ns() >= watch->reload_ns;
    *out_changed = is_due || missed != 0;
    bool ok = is_due || !is_named ? load_all(watch, err)
                                  : load_changes(watch, state, (size_t)missed, err);
    if (ok) {
        watch->version = state->version;
    }
    return ok;
}

/* Reads the state, follows it and tells the listener where anything has changed. */
static bool look(struct srv_access_watch *watch, struct base_err *err)
{
    struct rpc_context ctx;
    context_init(&ctx);
    Tollgate__AccessState *state;
    bool has_changed = false;
    bool ok = srv_access_state_read(watch->access->store, &ctx, &state, err) &&
              follow(watch, state, &has_changed, err);
    rpc_context_dispose(&ctx);
    if (ok && has_changed) {
        tell(watch);
    }
    return ok;
}

/* ---- The thread ---- */

/* Logs when the store goes away and when it is back. */
static void note_outcome(struct srv_access_watch *watch, bool ok, const struct base_err *err)
{
    if (!ok && !watch->is_failing) {
        base_log(BASE_LOG_WARN, "keys and plans cannot be read", "error", err->message, NULL);
    } else if (ok && watch->is_failing) {
        base_log(BASE_LOG_INFO, "keys and plans can be read again", NULL);
    }
    watch->is_failing = !ok;
}

/* Waits for the next look; false when there shall be none. */
static bool wait_for_next(struct srv_access_watch *watch)
{
    int64_t end_ns = base_clock_monotonic_ns() + SRV_ACCESS_WATCH_PERIOD_MS * BASE_NS_PER_MS;
    const struct timespec end = {end_ns / BASE_NS_PER_S, end_ns % BASE_NS_PER_S};
    pthread_mutex_lock(&watch->lock);
    while (!watch->is_closing && base_clock_monotonic_ns() < end_ns) {
        pthread_cond_timedwait(&watch->closing, &watch->lock, &end);
    }
    bool goes_on = !watch->is_closing;
    pthread_mutex_unlock(&watch->lock);
    return goes_on;
}

static void *run(void *user)
{
    struct srv_access_watch *watch = user;
    base_role_enter(BASE_ROLE_WORKER);
    while (wait_for_next(watch)) {
        struct base_err err = {0};
        bool ok = look(watch, &err);
        note_outcome(watch, ok, &err);
    }
    return NULL;
}

/* ---- Life ---- */

static struct srv_access_watch *create(struct srv_access *access,
                                       struct srv_access_listener *listener)
{
    struct srv_access_watch *watch = base_calloc(1, sizeof *watch);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->closing, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&watch->lock, NULL);
    watch->access = access;
    watch->listener = listener;
    srv_access_table_init(&watch->keys, &srv_access_keys);
    srv_access_table_init(&watch->plans, &srv_access_plans);
    return watch;
}

static void destroy(struct srv_access_watch *watch)
{
    srv_access_table_dispose(&watch->keys);
    srv_access_table_dispose(&watch->plans);
    pthread_cond_destroy(&watch->closing);
    pthread_mutex_destroy(&watch->lock);
    base_free(watch);
}

struct srv_access_watch *srv_access_watch_open(struct srv_access *access,
                                               struct srv_access_listener *listener,
                                               struct base_err *err)
{
    struct srv_access_watch *watch = create(access, listener);
    if (!look(watch, err)) {
        base_err_wrap(err, "keys and plans");
        destroy(watch);
        return NULL;
    }
    base_thread_start(&watch->thread, run, watch);
    return watch;
}

void srv_access_watch_close(struct srv_access_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    pthread_mutex_lock(&watch->lock);
    watch->is_closing = true;
    pthread_cond_signal(&watch->closing);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    destroy(watch);
}
