#include "server/store_mongo_find.h"

#include "server/bson_field.h"
#include "server/document.h"

#include <math.h>

/* Doubles from here on, and below its negative, do not fit an int64. */
#define TWO_TO_63 0x1p63

bool srv_mongo_open_batch(const bson_t *reply, bson_iter_t *out_documents)
{
    bson_iter_t top, batch;
    return bson_iter_init(&top, reply) &&
           bson_iter_find_descendant(&top, "cursor.firstBatch", &batch) &&
           BSON_ITER_HOLDS_ARRAY(&batch) && bson_iter_recurse(&batch, out_documents);
}

bool srv_mongo_next_document(bson_iter_t *documents, bson_t *out_document)
{
    uint32_t len;
    const uint8_t *data;
    if (!bson_iter_next(documents) || !BSON_ITER_HOLDS_DOCUMENT(documents)) {
        return false;
    }
    bson_iter_document(documents, &len, &data);
    return bson_init_static(out_document, data, len);
}

bool srv_mongo_read_number_key(const bson_iter_t *id, int64_t *out_number)
{
    if (BSON_ITER_HOLDS_DOUBLE(id)) {
        double number = bson_iter_double(id);
        if (!(number >= -TWO_TO_63 && number < TWO_TO_63) || number != trunc(number)) {
            return false;
        }
    } else if (!BSON_ITER_HOLDS_INT(id)) {
        return false;
    }
    *out_number = bson_iter_as_int64(id);
    return true;
}

static bool is_key(const bson_iter_t *id, struct srv_key key)
{
    if (key.kind == SRV_KEY_NUMBER) {
        int64_t number;
        return srv_mongo_read_number_key(id, &number) && number == key.number;
    }
    if (!BSON_ITER_HOLDS_UTF8(id)) {
        return false;
    }
    uint32_t len;
    const char *text = bson_iter_utf8(id, &len);
    return base_str_eq(base_str_make(text, len), key.text);
}

/* Opens the document anew for the caller: a bson_t points into itself and is never copied. */
bool srv_mongo_find_in_reply(const bson_t *reply, struct srv_key key, bson_t *out_document)
{
    bson_iter_t documents, id;
    bson_t document;
    bool any = srv_mongo_open_batch(reply, &documents);
    while (any && srv_mongo_next_document(&documents, &document)) {
        if (bson_iter_init_find(&id, &document, SRV_BSON_ID) && is_key(&id, key)) {
            return bson_init_static(out_document, bson_get_data(&document), document.len);
        }
    }
    return false;
}

static void append_find_one(bson_t *command, const struct srv_mongo_target *at)
{
    bson_t filter;
    srv_mongo_begin_command(command, "find", at);
    BSON_APPEND_DOCUMENT_BEGIN(command, "filter", &filter);
    srv_mongo_append_key(&filter, SRV_BSON_ID, at->key);
    bson_append_document_end(command, &filter);
    BSON_APPEND_INT32(command, "limit", 1);
    BSON_APPEND_BOOL(command, "singleBatch", true);
}

bool srv_mongo_find_one(const struct srv_mongo_target *at, bson_t *out_reply, bson_t *out_document,
                        struct base_err *err)
{
    bson_t command;
    append_find_one(&command, at);
    bool ok = srv_mongo_run(at, SRV_MONGO_READ, &command, out_reply, err);
    bson_destroy(&command);
    if (!ok) {
        return false;
    }
    if (!srv_mongo_find_in_reply(out_reply, at->key, out_document)) {
        bson_destroy(out_reply);
        return srv_document_not_found(at->collection, at->key, err);
    }
    return true;
}

/* No singleBatch: with it a batch that was cut would look like one that is whole. */
static void append_find_many(bson_t *command, const struct srv_mongo_target *at,
                             const struct srv_key *keys, size_t count)
{
    bson_t filter, condition, list;
    srv_mongo_begin_command(command, "find", at);
    BSON_APPEND_DOCUMENT_BEGIN(command, "filter", &filter);
    BSON_APPEND_DOCUMENT_BEGIN(&filter, SRV_BSON_ID, &condition);
    BSON_APPEND_ARRAY_BEGIN(&condition, "$in", &list);
    for (size_t i = 0; i < count; i++) {
        char buffer[16];
        const char *index;
        bson_uint32_to_string((uint32_t)i, &index, buffer, sizeof buffer);
        srv_mongo_append_key(&list, index, keys[i]);
    }
    bson_append_array_end(&condition, &list);
    bson_append_document_end(&filter, &condition);
    bson_append_document_end(command, &filter);
    BSON_APPEND_INT64(command, "limit", (int64_t)count);
    BSON_APPEND_INT64(command, "batchSize", (int64_t)count);
}

bool srv_mongo_find_many(const struct srv_mongo_target *at, const struct srv_key *keys,
                         size_t count, bson_t *out_reply, struct base_err *err)
{
    bson_t command;
    append_find_many(&command, at, keys, count);
    bool ok = srv_mongo_run(at, SRV_MONGO_READ, &command, out_reply, err);
    bson_destroy(&command);
    return ok;
}

bool srv_mongo_open_reply(const uint8_t *bytes, bson_t *out_reply)
{
    uint32_t len;
    memcpy(&len, bytes, sizeof len);
    return bson_init_static(out_reply, bytes, BSON_UINT32_FROM_LE(len));
}

int64_t srv_mongo_open_cursor(const bson_t *reply)
{
    return srv_mongo_reply_number(reply, "cursor.id", 0);
}

void srv_mongo_kill_cursor(const struct srv_mongo_target *at, int64_t cursor)
{
    bson_t command;
    bson_t cursors;
    bson_t reply;
    struct base_err ignored;
    srv_mongo_begin_command(&command, "killCursors", at);
    BSON_APPEND_ARRAY_BEGIN(&command, "cursors", &cursors);
    BSON_APPEND_INT64(&cursors, "0", cursor);
    bson_append_array_end(&command, &cursors);
    if (srv_mongo_run(at, SRV_MONGO_READ, &command, &reply, &ignored)) {
        bson_destroy(&reply);
    }
    bson_destroy(&command);
}
