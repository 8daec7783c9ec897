/* findAndModify with a pipeline for an update: the server reads and computes under its own lock,
 * and makes the document when it is missing. */
#include "server/store_mongo_counter.h"

#include "server/document.h"
#include "server/store_mongo_command.h"

/* How often a counter is tried to be made while others make it. */
#define ATTEMPTS_MAX 10

/* The counter becomes max(value, min(value + want, limit)): one pipeline, so one atomic step. */
static bson_t *advance_pipeline(int64_t want, int64_t limit)
{
    return BCON_NEW("0", "{", "$set", "{", "value", "{", "$max", "[", "{", "$ifNull", "[",
                    BCON_UTF8("$value"), BCON_INT64(0), "]", "}", "{", "$min", "[", "{", "$add",
                    "[", "{", "$ifNull", "[", BCON_UTF8("$value"), BCON_INT64(0), "]", "}",
                    BCON_INT64(want), "]", "}", BCON_INT64(limit), "]", "}", "]", "}", "}", "}");
}

/* A counter that is missing is made, unless it would stay at 0. */
static void append_advance(bson_t *command, const struct srv_mongo_target *at, int64_t want,
                           int64_t limit)
{
    bson_t query;
    bson_t *pipeline = advance_pipeline(want, limit);
    srv_mongo_begin_command(command, "findAndModify", at);
    BSON_APPEND_DOCUMENT_BEGIN(command, "query", &query);
    srv_mongo_append_key(&query, "_id", at->key);
    bson_append_document_end(command, &query);
    BSON_APPEND_ARRAY(command, "update", pipeline);
    BSON_APPEND_BOOL(command, "upsert", want > 0 && limit > 0);
    BSON_APPEND_BOOL(command, "new", false);
    bson_destroy(pipeline);
}

static const struct srv_collection counters = {.name = "counters", .key_kind = SRV_KEY_TEXT};

/* Two calls that make it at once may collide on its _id, and then the later one goes again. */
bool srv_mongo_counter_advance(struct srv_mongo_client *client, struct rpc_context *ctx,
                               const char *counter, int64_t want, int64_t limit,
                               int64_t *out_before, struct base_err *err)
{
    struct srv_mongo_target at = {client, ctx, &counters, srv_key_text(base_str_of(counter))};
    if (!srv_document_check_counter(counter, err)) {
        return false;
    }
    for (int attempt = 1;; attempt++) {
        bson_t command, reply;
        append_advance(&command, &at, want, limit);
        bool ok = srv_mongo_run(&at, SRV_MONGO_WRITE, &command, &reply, err);
        bson_destroy(&command);
        if (ok) {
            *out_before = srv_mongo_reply_number(&reply, "value.value", 0);
            bson_destroy(&reply);
            return true;
        }
        if (err->code != BASE_ALREADY_EXISTS || attempt == ATTEMPTS_MAX) {
            return false;
        }
    }
}

static bool lower(const struct srv_mongo_target *at, int64_t count, int64_t *out_before,
                  struct base_err *err)
{
    bson_t command, query, reply;
    bson_t *pipeline =
        BCON_NEW("0", "{", "$set", "{", "value", "{", "$max", "[", BCON_INT64(0), "{", "$subtract",
                 "[", BCON_UTF8("$value"), BCON_INT64(count), "]", "}", "]", "}", "}", "}");
    srv_mongo_begin_command(&command, "findAndModify", at);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "query", &query);
    srv_mongo_append_key(&query, "_id", at->key);
    bson_append_document_end(&command, &query);
    BSON_APPEND_ARRAY(&command, "update", pipeline);
    bson_destroy(pipeline);
    bool ok = srv_mongo_run(at, SRV_MONGO_WRITE, &command, &reply, err);
    bson_destroy(&command);
    if (ok) {
        *out_before = srv_mongo_reply_number(&reply, "value.value", 0);
        bson_destroy(&reply);
    }
    return ok;
}

/* Only as long as it is 0: it may have been advanced meanwhile. */
static bool remove_at_zero(const struct srv_mongo_target *at, struct base_err *err)
{
    bson_t command, query, reply;
    srv_mongo_begin_command(&command, "findAndModify", at);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "query", &query);
    srv_mongo_append_key(&query, "_id", at->key);
    BSON_APPEND_INT64(&query, "value", 0);
    bson_append_document_end(&command, &query);
    BSON_APPEND_BOOL(&command, "remove", true);
    bool ok = srv_mongo_run(at, SRV_MONGO_WRITE, &command, &reply, err);
    bson_destroy(&command);
    if (ok) {
        bson_destroy(&reply);
    }
    return ok;
}

bool srv_mongo_counter_release(struct srv_mongo_client *client, struct rpc_context *ctx,
                               const char *counter, int64_t count, struct base_err *err)
{
    struct srv_mongo_target at = {client, ctx, &counters, srv_key_text(base_str_of(counter))};
    int64_t before;
    if (!srv_document_check_counter(counter, err) || !lower(&at, count, &before, err)) {
        return false;
    }
    return before > count || remove_at_zero(&at, err);
}
