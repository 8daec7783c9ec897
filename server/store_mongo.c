/* Each operation is one raw command: one BSON document out, one in, no cursors kept. Keys are bound
 * as values, never as text of a query. What MongoDB's reply means for the document is decided here;
 * what a failed command means, in mongo_client.c. */
#include "server/store_mongo.h"

#include "base/mem.h"
#include "base/random.h"
#include "server/bson_field.h"
#include "server/document.h"
#include "server/mongo_lanes.h"
#include "server/read_groups.h"
#include "server/store_mongo_counter.h"
#include "server/store_mongo_document.h"
#include "server/store_mongo_find.h"
#include "server/store_mongo_list.h"

#include <bson/bson.h>
#include <time.h>

/* Waits between the rounds of an update that another one overtook: up to a bound that doubles. */
#define RETRY_NS_MIN UINT64_C(500000)
#define RETRY_NS_MAX UINT64_C(32000000)

struct mongo_store {
    struct srv_store base;
    struct srv_mongo_client *client;
    struct srv_mongo_lanes *lanes;
    struct srv_read_groups *reads;
    struct srv_mongo_sizes sizes;
};

static struct srv_mongo_client *client_of(struct srv_store *store)
{
    return ((struct mongo_store *)store)->client;
}

/* ---- Reading ---- */

/* Reads at->key by a command of its own, which ends the reader's turn. */
static bool get_alone(const struct srv_mongo_target *at, struct srv_read_groups *groups,
                      struct srv_read_place *place, ProtobufCMessage **out_message,
                      struct base_err *err)
{
    bson_t reply, document;
    bool ok = srv_mongo_find_one(at, &reply, &document, err);
    srv_read_groups_have_read(groups, place, NULL);
    if (!ok) {
        return false;
    }
    ok = srv_mongo_read_document(at, &document, false, &at->ctx->arena, out_message, err);
    bson_destroy(&reply);
    return ok;
}

/* Reads what all members of the group want. The answer is the reply's bytes. */
static bool read_for_group(const struct srv_mongo_target *at, struct srv_read_groups *groups,
                           struct srv_read_place *place, struct base_err *err)
{
    const struct srv_key *keys;
    size_t count = srv_read_group_keys(place->group, &keys);
    bson_t reply;
    uint32_t len;
    bool ok = srv_mongo_find_many(at, keys, count, &reply, err);
    int64_t cursor = ok ? srv_mongo_open_cursor(&reply) : 0;
    srv_read_groups_have_read(groups, place,
                              ok ? bson_destroy_with_steal(&reply, true, &len) : NULL);
    if (cursor != 0) {
        srv_mongo_kill_cursor(at, cursor);
    }
    return ok;
}

/* Takes at->key from the group's answer. Where that was cut before it, it is read after all. */
static bool get_from_group(const struct srv_mongo_target *at, struct srv_read_groups *groups,
                           struct srv_read_place *place, ProtobufCMessage **out_message,
                           struct base_err *err)
{
    bson_t reply, document;
    if (!srv_mongo_open_reply(srv_read_group_answer(place->group), &reply)) {
        return srv_document_damaged(at->collection, at->key, err);
    }
    if (srv_mongo_find_in_reply(&reply, at->key, &document)) {
        return srv_mongo_read_document(at, &document, false, &at->ctx->arena, out_message, err);
    }
    if (srv_mongo_open_cursor(&reply) == 0) {
        return srv_document_not_found(at->collection, at->key, err);
    }
    srv_read_groups_leave(groups, place);
    return get_alone(at, groups, place, out_message, err);
}

/* BSON has to be decoded whatever form is asked for: all documents are handed out open. */
static bool mongo_get(struct srv_store *store, struct rpc_context *ctx,
                      const struct srv_collection *collection, struct srv_key key,
                      enum srv_form form, ProtobufCMessage **out_message, struct base_err *err)
{
    (void)form;
    struct srv_read_groups *groups = ((struct mongo_store *)store)->reads;
    struct srv_mongo_target at = {client_of(store), ctx, collection, key};
    if (!srv_document_check_key(collection, key, err)) {
        return false;
    }
    struct srv_read_place place = srv_read_groups_enter(groups, collection, key, ctx->deadline_ns);
    bool ok = false;
    if (place.part == SRV_READ_ALONE) {
        ok = get_alone(&at, groups, &place, out_message, err);
    } else if (place.part == SRV_READ_FOLLOWS || read_for_group(&at, groups, &place, err)) {
        ok = get_from_group(&at, groups, &place, out_message, err);
    }
    srv_read_groups_leave(groups, &place);
    return ok;
}

static bool mongo_list(struct srv_store *store, struct rpc_context *ctx,
                       const struct srv_collection *collection, const struct srv_key *after,
                       size_t limit, enum srv_form form, struct srv_page *out_page,
                       struct base_err *err)
{
    (void)form;
    struct mongo_store *self = (struct mongo_store *)store;
    struct srv_mongo_target at = {.client = self->client, .ctx = ctx, .collection = collection};
    return (after == NULL || srv_document_check_key(collection, *after, err)) &&
           srv_mongo_list(&at, &self->sizes, after, limit, out_page, err);
}

/* ---- Writing ---- */

/* What every kind of write takes: {NAME: collection, LIST: [item]}. Takes `item`. */
static bool run_write(const struct srv_mongo_target *at, const char *name, const char *list,
                      bson_t *item, bson_t *out_reply, struct base_err *err)
{
    bson_t command, items;
    bson_init(&command);
    bson_append_utf8(&command, name, -1, at->collection->name, -1);
    bson_append_array_begin(&command, list, -1, &items);
    BSON_APPEND_DOCUMENT(&items, "0", item);
    bson_append_array_end(&command, &items);
    bson_destroy(item);
    bool ok = srv_mongo_run(at, SRV_MONGO_WRITE, &command, out_reply, err);
    bson_destroy(&command);
    return ok;
}

/* How many documents the command touched; frees its reply. */
static int64_t take_count(bson_t *reply)
{
    int64_t count = srv_mongo_reply_number(reply, "n", 0);
    bson_destroy(reply);
    return count;
}

static bool mongo_insert(struct srv_store *store, struct rpc_context *ctx,
                         const struct srv_collection *collection, struct srv_key key,
                         const ProtobufCMessage *message, struct base_err *err)
{
    struct srv_mongo_target at = {client_of(store), ctx, collection, key};
    bson_t document, reply;
    if (!srv_document_check_key(collection, key, err) ||
        !srv_mongo_build_document(&at, message, &document, err)) {
        return false;
    }
    if (!run_write(&at, "insert", "documents", &document, &reply, err)) {
        return err->code == BASE_ALREADY_EXISTS ? srv_document_already_exists(collection, key, err)
                                                : false;
    }
    bson_destroy(&reply);
    return true;
}

static bool mongo_remove(struct srv_store *store, struct rpc_context *ctx,
                         const struct srv_collection *collection, struct srv_key key,
                         struct base_err *err)
{
    struct srv_mongo_target at = {client_of(store), ctx, collection, key};
    bson_t item, query, reply;
    if (!srv_document_check_key(collection, key, err)) {
        return false;
    }
    bson_init(&item);
    BSON_APPEND_DOCUMENT_BEGIN(&item, "q", &query);
    srv_mongo_append_key(&query, "_id", key);
    bson_append_document_end(&item, &query);
    BSON_APPEND_INT32(&item, "limit", 1);
    if (!run_write(&at, "delete", "deletes", &item, &reply, err)) {
        return false;
    }
    return take_count(&reply) == 1 || srv_document_not_found(collection, key, err);
}

/* Appends {_id: key, _version: {$eq: version}} for the version that `found` has; null, which
 * matches a missing field too, where somebody wrote the document by hand. */
static void append_unchanged(bson_t *item, const struct srv_mongo_target *at, const bson_t *found)
{
    bson_t query;
    bson_t condition;
    bson_iter_t version;
    BSON_APPEND_DOCUMENT_BEGIN(item, "q", &query);
    srv_mongo_append_key(&query, SRV_BSON_ID, at->key);
    BSON_APPEND_DOCUMENT_BEGIN(&query, SRV_BSON_VERSION, &condition);
    if (!bson_iter_init_find(&version, found, SRV_BSON_VERSION) ||
        !bson_append_iter(&condition, "$eq", -1, &version)) {
        BSON_APPEND_NULL(&condition, "$eq");
    }
    bson_append_document_end(&query, &condition);
    bson_append_document_end(item, &query);
}

/* Replaces what was found by `document`, unless somebody was faster. */
static bool replace(const struct srv_mongo_target *at, const bson_t *found, const bson_t *document,
                    bool *out_replaced, struct base_err *err)
{
    bson_t item;
    bson_t reply;
    bson_init(&item);
    append_unchanged(&item, at, found);
    BSON_APPEND_DOCUMENT(&item, "u", document);
    if (!run_write(at, "update", "updates", &item, &reply, err)) {
        return false;
    }
    *out_replaced = take_count(&reply) == 1;
    return true;
}

/* Mutates what was found and builds what is to be written; fields that only the database has go
 * from the one to the other. */
static bool mutate(const struct srv_mongo_target *at, const struct srv_mutation *mutation,
                   const bson_t *found, struct base_arena *scratch, bson_t *out_document,
                   struct base_err *err)
{
    ProtobufCMessage *message;
    return srv_mongo_read_document(at, found, true, scratch, &message, err) &&
           mutation->apply(mutation, at->ctx, message, err) &&
           srv_mongo_build_document(at, message, out_document, err);
}

/* One round: read, change, write back. Hands out the message as a reader would get it, without the
 * fields that only the database has. */
static bool try_update(const struct srv_mongo_target *at, const struct srv_mutation *mutation,
                       struct base_arena *scratch, bool *out_replaced,
                       ProtobufCMessage **out_message, struct base_err *err)
{
    bson_t reply;
    bson_t found;
    bson_t document;
    if (!srv_mongo_find_one(at, &reply, &found, err)) {
        return false;
    }
    bool ok = mutate(at, mutation, &found, scratch, &document, err);
    if (ok) {
        ok = replace(at, &found, &document, out_replaced, err) &&
             (!*out_replaced ||
              srv_mongo_read_document(at, &document, false, &at->ctx->arena, out_message, err));
        bson_destroy(&document);
    }
    bson_destroy(&reply);
    return ok;
}

/* Waits some of `bound_ns`, by chance, so that those who collided do not do so again. */
static void pause_between_rounds(uint64_t *bound_ns)
{
    uint64_t chance;
    base_random_system.fill(&base_random_system, &chance, sizeof chance);
    struct timespec pause = {.tv_nsec = (long)(chance % *bound_ns)};
    nanosleep(&pause, NULL);
    *bound_ns = *bound_ns < RETRY_NS_MAX ? *bound_ns * 2 : RETRY_NS_MAX;
}

/* However many rounds it takes: the documents that are read and thrown away stand in a scratch
 * arena of a call's size. Each round that fails is one that another update won, so all get on. */
static bool update_in_rounds(const struct srv_mongo_target *at, const struct srv_mutation *mutation,
                             ProtobufCMessage **out_message, struct base_err *err)
{
    struct base_arena scratch;
    uint64_t bound_ns = RETRY_NS_MIN;
    bool ok = true;
    bool replaced = false;
    base_arena_init(&scratch, at->ctx->arena.cap_bytes);
    while (ok && !replaced) {
        ok = try_update(at, mutation, &scratch, &replaced, out_message, err);
        base_arena_reset(&scratch);
        if (ok && !replaced) {
            pause_between_rounds(&bound_ns);
        }
    }
    base_arena_dispose(&scratch);
    return ok;
}

static bool mongo_update(struct srv_store *store, struct rpc_context *ctx,
                         const struct srv_collection *collection, struct srv_key key,
                         const struct srv_mutation *mutation, ProtobufCMessage **out_message,
                         struct base_err *err)
{
    struct mongo_store *self = (struct mongo_store *)store;
    struct srv_mongo_target at = {client_of(store), ctx, collection, key};
    if (!srv_document_check_key(collection, key, err)) {
        return false;
    }
    int lane = srv_mongo_lanes_enter(self->lanes, key, ctx->deadline_ns);
    bool ok = update_in_rounds(&at, mutation, out_message, err);
    srv_mongo_lanes_leave(self->lanes, lane);
    return ok;
}

/* ---- Counters ---- */

static bool mongo_next_id(struct srv_store *store, struct rpc_context *ctx, const char *counter,
                          int64_t *out_id, struct base_err *err)
{
    int64_t before;
    if (!srv_mongo_counter_advance(client_of(store), ctx, counter, 1, INT64_MAX, &before, err)) {
        return false;
    }
    if (before == INT64_MAX) {
        return srv_document_counter_is_full(counter, err);
    }
    *out_id = before;
    return true;
}

static bool mongo_reserve(struct srv_store *store, struct rpc_context *ctx, const char *counter,
                          int64_t want, int64_t limit, int64_t *out_granted, int64_t *out_left,
                          struct base_err *err)
{
    int64_t before;
    if (!srv_mongo_counter_advance(client_of(store), ctx, counter, want, limit, &before, err)) {
        return false;
    }
    int64_t left = limit > before ? limit - before : 0;
    *out_granted = want < left ? want : left;
    *out_left = left - *out_granted;
    return true;
}

static bool mongo_release(struct srv_store *store, struct rpc_context *ctx, const char *counter,
                          int64_t count, struct base_err *err)
{
    return srv_mongo_counter_release(client_of(store), ctx, counter, count, err);
}

static void mongo_close(struct srv_store *base)
{
    struct mongo_store *store = (struct mongo_store *)base;
    srv_mongo_client_close(store->client);
    srv_mongo_lanes_destroy(store->lanes);
    srv_read_groups_destroy(store->reads);
    base_free(store);
}

static const struct srv_store_ops mongo_ops = {
    .get = mongo_get,
    .insert = mongo_insert,
    .list = mongo_list,
    .remove = mongo_remove,
    .update = mongo_update,
    .next_id = mongo_next_id,
    .reserve = mongo_reserve,
    .release = mongo_release,
    .close = mongo_close,
};

struct srv_store *srv_store_mongo_open(const char *uri, struct base_err *err)
{
    struct srv_mongo_client *client = srv_mongo_client_open(uri, err);
    if (client == NULL) {
        return NULL;
    }
    struct mongo_store *store = base_calloc(1, sizeof *store);
    store->base.ops = &mongo_ops;
    store->client = client;
    store->lanes = srv_mongo_lanes_create();
    store->reads = srv_read_groups_create(SRV_STORE_MONGO_READ_TURNS, bson_free);
    return &store->base;
}
