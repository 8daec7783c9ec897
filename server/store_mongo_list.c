/* No cursor is kept between commands: the next one starts after the last key, on whichever
 * connection, and a page is whole even where its server is gone in between. */
#include "server/store_mongo_list.h"

#include "server/bson_field.h"
#include "server/store_mongo_document.h"
#include "server/store_mongo_find.h"

/* A page that is being filled. */
struct filling {
    struct srv_mongo_target *at;
    atomic_uint *mean; /* of srv_mongo_sizes, of this collection */
    size_t limit;
    size_t bytes;
    struct srv_page page;
};

static atomic_uint *mean_of(struct srv_mongo_sizes *sizes, const struct srv_collection *collection)
{
    const size_t count = sizeof sizes->mean / sizeof *sizes->mean;
    return &sizes->mean[(uintptr_t)collection / sizeof *collection % count];
}

/* How many documents to ask for: at most what the page lacks and one more, to know whether there
 * are more; and no more than are likely to fit. */
static size_t count_to_ask(const struct filling *filling)
{
    size_t lacking = filling->limit - filling->page.count + 1;
    size_t mean = atomic_load_explicit(filling->mean, memory_order_relaxed);
    size_t likely = SRV_MONGO_LIST_FIRST;
    if (mean > 0) {
        size_t room = filling->bytes < SRV_STORE_LIST_BYTES_MAX
                          ? SRV_STORE_LIST_BYTES_MAX - filling->bytes
                          : 0;
        likely = room / mean + 2; /* the last of which tells that the page is full */
    }
    return lacking < likely ? lacking : likely;
}

static void append_find(bson_t *command, const struct srv_mongo_target *at,
                        const struct srv_key *after, int64_t limit)
{
    bson_t filter, condition;
    srv_mongo_begin_command(command, "find", at);
    BSON_APPEND_DOCUMENT_BEGIN(command, "filter", &filter);
    if (after != NULL) {
        BSON_APPEND_DOCUMENT_BEGIN(&filter, "_id", &condition);
        srv_mongo_append_key(&condition, "$gt", *after);
        bson_append_document_end(&filter, &condition);
    }
    bson_append_document_end(command, &filter);
    bson_t sort;
    BSON_APPEND_DOCUMENT_BEGIN(command, "sort", &sort);
    BSON_APPEND_INT32(&sort, "_id", 1);
    bson_append_document_end(command, &sort);
    BSON_APPEND_INT64(command, "limit", limit);
    BSON_APPEND_INT64(command, "batchSize", limit);
}

/* Reads "_id" into a key that lives as long as the call. */
static bool read_key(const struct srv_mongo_target *at, const bson_t *document,
                     struct srv_key *out_key, struct base_err *err)
{
    bson_iter_t id;
    int64_t number;
    bool found = bson_iter_init_find(&id, document, SRV_BSON_ID);
    if (found && at->collection->key_kind == SRV_KEY_NUMBER &&
        srv_mongo_read_number_key(&id, &number)) {
        *out_key = srv_key_number(number);
        return true;
    }
    if (found && at->collection->key_kind == SRV_KEY_TEXT && BSON_ITER_HOLDS_UTF8(&id)) {
        uint32_t len;
        const char *text = bson_iter_utf8(&id, &len);
        char *copy = rpc_context_strdup(at->ctx, base_str_make(text, len), err);
        *out_key = srv_key_text(base_str_make(copy, len));
        return copy != NULL;
    }
    return base_err_set(err, BASE_DATA_LOSS, "%s has a document whose _id is no key of ours",
                        at->collection->name);
}

/* Adds a document to the page, or finds the page full. */
static bool add_document(struct filling *filling, const bson_t *document, struct base_err *err)
{
    struct srv_page *page = &filling->page;
    struct srv_document *out = &page->documents[page->count];
    if (page->count == filling->limit ||
        (page->count > 0 && filling->bytes + document->len > SRV_STORE_LIST_BYTES_MAX)) {
        page->has_more = true;
        return true;
    }
    if (!read_key(filling->at, document, &out->key, err)) {
        return false;
    }
    filling->at->key = out->key;
    if (!srv_mongo_read_document(filling->at, document, false, &filling->at->ctx->arena,
                                 &out->message, err)) {
        return false;
    }
    filling->bytes += document->len;
    page->count++;
    return true;
}

/* Adds the documents of a reply until the page is full; *out_count of them were looked at. */
static bool add_documents(struct filling *filling, const bson_t *reply, size_t *out_count,
                          struct base_err *err)
{
    bson_iter_t documents;
    bson_t document;
    size_t bytes = 0;
    size_t count = 0;
    bool any = srv_mongo_open_batch(reply, &documents);
    while (any && !filling->page.has_more && srv_mongo_next_document(&documents, &document)) {
        if (!add_document(filling, &document, err)) {
            return false;
        }
        bytes += document.len;
        count++;
    }
    if (count > 0) {
        atomic_store_explicit(filling->mean, (unsigned)(bytes / count), memory_order_relaxed);
    }
    *out_count = count;
    return true;
}

/* One command. A cursor stays open only where the server has cut the batch at 16 MiB; then there is
 * more, too. *out_done when the page is full or there are no more documents. */
static bool ask(struct filling *filling, const struct srv_key *after, bool *out_done,
                struct base_err *err)
{
    bson_t command, reply;
    size_t asked = count_to_ask(filling);
    size_t got = 0;
    append_find(&command, filling->at, after, (int64_t)asked);
    bool ok = srv_mongo_run(filling->at, SRV_MONGO_READ, &command, &reply, err);
    bson_destroy(&command);
    if (!ok) {
        return false;
    }
    int64_t cursor = srv_mongo_open_cursor(&reply);
    ok = add_documents(filling, &reply, &got, err);
    bson_destroy(&reply);
    if (cursor != 0) {
        srv_mongo_kill_cursor(filling->at, cursor);
        filling->page.has_more = true;
    }
    *out_done = filling->page.has_more || got < asked;
    return ok;
}

bool srv_mongo_list(struct srv_mongo_target *at, struct srv_mongo_sizes *sizes,
                    const struct srv_key *after, size_t limit, struct srv_page *out_page,
                    struct base_err *err)
{
    struct filling filling = {.at = at, .mean = mean_of(sizes, at->collection), .limit = limit};
    struct srv_page *page = &filling.page;
    page->documents = rpc_context_alloc(at->ctx, limit * sizeof *page->documents, err);
    if (page->documents == NULL) {
        return false;
    }
    for (bool done = false; !done;) {
        if (!ask(&filling, after, &done, err)) {
            return false;
        }
        after = page->count > 0 ? &page->documents[page->count - 1].key : after;
    }
    *out_page = *page;
    return true;
}
