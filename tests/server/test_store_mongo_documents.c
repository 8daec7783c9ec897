/* How the MongoDB store keeps documents, seen from the database's side: names and types, fields of
 * others, MongoDB's limit, and what updates cost a call. */
#include "server/store_mongo.h"

#include "base/mem.h"
#include "mongo_fixture.h"
#include "server/bson_codec.h"
#include "store_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

/* The only document of a collection, without its version, as extended JSON; release with
 * bson_free. */
static char *raw_document(const char *collection_name)
{
    mongoc_collection_t *collection =
        mongoc_client_get_collection(mongo.client, mongo.database, collection_name);
    bson_t all = BSON_INITIALIZER;
    const bson_t *found;
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(collection, &all, NULL, NULL);
    assert_true(mongoc_cursor_next(cursor, &found));
    bson_t shown = BSON_INITIALIZER;
    bson_copy_to_excluding_noinit(found, &shown, "_version", NULL);
    char *json = bson_as_canonical_extended_json(&shown, NULL);
    bson_destroy(&shown);
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(collection);
    return json;
}

static void assert_raw(const char *collection_name, const char *expected)
{
    char *json = raw_document(collection_name);
    assert_string_equal(json, expected);
    bson_free(json);
}

/* What somebody does with mongosh: db.COLLECTION.updateOne({}, CHANGE). */
static void change_by_hand(const char *collection_name, const char *change)
{
    bson_error_t error;
    bson_t all = BSON_INITIALIZER;
    bson_t *update = bson_new_from_json((const uint8_t *)change, -1, &error);
    mongoc_collection_t *collection =
        mongoc_client_get_collection(mongo.client, mongo.database, collection_name);
    if (!mongoc_collection_update_one(collection, &all, update, NULL, NULL, &error)) {
        fail_msg("%s", error.message);
    }
    mongoc_collection_destroy(collection);
    bson_destroy(update);
}

static void keeps_names_and_types_that_people_expect(void **state)
{
    (void)state;
    struct rpc_context ctx;
    struct base_err err;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    time.seconds = 1700000000;
    time.nanos = 5000000;
    note.note_id = (char *)"n";
    note.title = (char *)"t";
    note.timestamp = &time;
    rpc_context_init(&ctx);
    assert_true(srv_store_insert(mongo.store, &ctx, &store_notes, srv_key_text(BASE_STR("n")),
                                 &note.base, &err));
    rpc_context_dispose(&ctx);
    assert_raw("notes", "{ \"_id\" : \"n\", \"noteId\" : \"n\", \"title\" : \"t\", \"content\" : "
                        "\"\", \"timestamp\" : { \"$date\" : { \"$numberLong\" : "
                        "\"1700000000005\" } } }");
    assert_int_equal(store_next_id(mongo.store, "ids"), 0);
    assert_int_equal(store_next_id(mongo.store, "ids"), 1);
    assert_raw("counters", "{ \"_id\" : \"ids\", \"value\" : { \"$numberLong\" : \"2\" } }");
}

static int64_t count_counters(void)
{
    bson_error_t error;
    bson_t all = BSON_INITIALIZER;
    mongoc_collection_t *counters =
        mongoc_client_get_collection(mongo.client, mongo.database, "counters");
    int64_t count = mongoc_collection_count_documents(counters, &all, NULL, NULL, NULL, &error);
    mongoc_collection_destroy(counters);
    return count;
}

/* Each row reserves, then releases. */
static void keeps_no_counter_at_0(void **state)
{
    (void)state;
    static const struct {
        int64_t want;
        int64_t limit;
        int64_t reserved; /* counters that there are then */
        int64_t release;
        int64_t released; /* and then */
    } rows[] = {
        {0, 10, 0, 0, 0}, {5, 0, 0, 0, 0}, {3, 10, 1, 1, 1}, {0, 10, 1, 0, 1}, {0, 10, 1, 2, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rpc_context ctx;
        struct base_err err;
        int64_t granted, left;
        rpc_context_init(&ctx);
        assert_true(srv_store_reserve(mongo.store, &ctx, "quota", rows[i].want, rows[i].limit,
                                      &granted, &left, &err));
        assert_int_equal(count_counters(), rows[i].reserved);
        assert_true(srv_store_release(mongo.store, &ctx, "quota", rows[i].release, &err));
        rpc_context_dispose(&ctx);
        assert_int_equal(count_counters(), rows[i].released);
    }
}

static void keeps_what_others_added(void **state)
{
    (void)state;
    assert_string_equal(store_insert_note(mongo.store, "n", "t", 0), "OK");
    change_by_hand("notes", "{\"$set\":{\"pinned\":true,\"_class\":{\"a\":[1]}}}");
    assert_string_equal(store_retitle(mongo.store, "n", "u"), "OK");
    assert_raw("notes", "{ \"_id\" : \"n\", \"noteId\" : \"\", \"title\" : \"u\", \"content\" : "
                        "\"\", \"_class\" : { \"a\" : [ { \"$numberInt\" : \"1\" } ] }, \"pinned\" "
                        ": true }");
    /* A version that is missing, or somebody's own, serves as well. */
    change_by_hand("notes", "{\"$unset\":{\"_version\":1,\"_class\":1,\"pinned\":1}}");
    assert_string_equal(store_retitle(mongo.store, "n", "v"), "OK");
    change_by_hand("notes", "{\"$set\":{\"_version\":7}}");
    assert_string_equal(store_retitle(mongo.store, "n", "w"), "OK");
    change_by_hand("notes", "{\"$set\":{\"_version\":null,\"title\":null}}");
    assert_string_equal(store_retitle(mongo.store, "n", "x"), "OK");
    assert_raw("notes", "{ \"_id\" : \"n\", \"noteId\" : \"\", \"title\" : \"x\", \"content\" : "
                        "\"\" }");
}

/* ---- MongoDB's limit ---- */

/* The smallest book takes 6 bytes packed and 48 as BSON. */
#define BOOKS 345000

struct library {
    Library__V1__User user;
    Library__V1__Book book;
    Library__V1__Book last;
    Library__V1__Book **books;
    char *filler;
};

/* A user whose document, with _id and _version, is `bytes` long as BSON. */
static void fill_library(struct library *library, size_t bytes)
{
    library__v1__user__init(&library->user);
    library__v1__book__init(&library->book);
    library__v1__book__init(&library->last);
    library->books = base_calloc(BOOKS, sizeof *library->books);
    for (size_t i = 0; i < BOOKS; i++) {
        library->books[i] = i + 1 < BOOKS ? &library->book : &library->last;
    }
    library->user.books = library->books;
    library->user.n_books = BOOKS;
    struct base_err err;
    bson_t document = BSON_INITIALIZER;
    BSON_APPEND_INT64(&document, "_id", 1);
    assert_true(srv_bson_encode(&library->user.base, &document, &err));
    size_t len = document.len + strlen("_version") + 2 + sizeof(bson_oid_t);
    bson_destroy(&document);
    assert_true(len < bytes);
    library->filler = base_calloc(1, bytes - len + 1);
    memset(library->filler, 'x', bytes - len);
    library->last.author = library->filler;
}

static void dispose_library(struct library *library)
{
    base_free(library->filler);
    base_free(library->books);
}

static const char *insert_library(struct srv_key key, size_t bytes)
{
    struct library library;
    struct rpc_context ctx;
    struct base_err err;
    fill_library(&library, bytes);
    rpc_context_init(&ctx);
    bool ok = srv_store_insert(mongo.store, &ctx, &store_users, key, &library.user.base, &err);
    rpc_context_dispose(&ctx);
    dispose_library(&library);
    return store_outcome(ok, &err);
}

/* How often what is large is read on a machine so busy that a command's ten seconds do not do. */
#define TRIES_MAX 3

/* By the test's own connection, which has all the time there is. */
static void insert_by_hand(size_t bytes)
{
    struct library library;
    struct base_err err;
    bson_error_t error;
    bson_oid_t version;
    bson_t document = BSON_INITIALIZER;
    mongoc_collection_t *users =
        mongoc_client_get_collection(mongo.client, mongo.database, store_users.name);
    fill_library(&library, bytes);
    bson_oid_init(&version, NULL);
    BSON_APPEND_INT64(&document, "_id", 1);
    assert_true(srv_bson_encode(&library.user.base, &document, &err));
    BSON_APPEND_OID(&document, "_version", &version);
    assert_int_equal(document.len, bytes);
    if (!mongoc_collection_insert_one(users, &document, NULL, NULL, &error) &&
        error.code != MONGOC_ERROR_DUPLICATE_KEY) { /* the store's has been done after all */
        fail_msg("%s", error.message);
    }
    bson_destroy(&document);
    mongoc_collection_destroy(users);
    dispose_library(&library);
}

/* Takes the engine seconds, on a busy machine more of them than a command has. */
static void insert_largest(struct srv_key key)
{
    const char *outcome = insert_library(key, SRV_BSON_DOCUMENT_BYTES_MAX);
    if (strcmp(outcome, "UNAVAILABLE: the connection to the database was lost") == 0 ||
        strcmp(outcome, "DEADLINE_EXCEEDED: deadline exceeded") == 0) {
        insert_by_hand(SRV_BSON_DOCUMENT_BYTES_MAX);
    } else {
        assert_string_equal(outcome, "OK");
    }
}

static void get_at_last(struct rpc_context *ctx, struct srv_key key, ProtobufCMessage **out_message)
{
    struct base_err err;
    bool ok = false;
    for (int i = 0; i < TRIES_MAX && !ok; i++) {
        rpc_context_reset(ctx);
        ok = srv_store_get(mongo.store, ctx, &store_users, key, SRV_OPEN, out_message, &err);
    }
    assert_string_equal(store_outcome(ok, &err), "OK");
}

static void list_at_last(struct rpc_context *ctx, const struct srv_key *after,
                         struct srv_page *out_page)
{
    struct base_err err;
    bool ok = false;
    for (int i = 0; i < TRIES_MAX && !ok; i++) {
        rpc_context_reset(ctx);
        ok = srv_store_list(mongo.store, ctx, &store_users, after, 10, SRV_OPEN, out_page, &err);
    }
    assert_string_equal(store_outcome(ok, &err), "OK");
}

#define TOO_LARGE "RESOURCE_EXHAUSTED: a document of users is longer than 16777216 bytes as BSON"

static void takes_a_document_of_16_mib_and_not_a_byte_more(void **state)
{
    (void)state;
    struct rpc_context ctx;
    struct base_err err;
    struct srv_page page;
    ProtobufCMessage *message;
    Library__V1__User small = LIBRARY__V1__USER__INIT;
    assert_string_equal(insert_library(srv_key_number(1), SRV_BSON_DOCUMENT_BYTES_MAX + 1),
                        TOO_LARGE);
    insert_largest(srv_key_number(1));
    rpc_context_init(&ctx);
    assert_true(
        srv_store_insert(mongo.store, &ctx, &store_users, srv_key_number(0), &small.base, &err));
    get_at_last(&ctx, srv_key_number(1), &message);
    assert_int_equal(((const Library__V1__User *)message)->n_books, BOOKS);
    /* MongoDB cuts the batch before the large one. */
    list_at_last(&ctx, NULL, &page);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.documents[0].key.number, 0);
    assert_true(page.has_more);
    struct srv_key first = srv_key_number(0);
    list_at_last(&ctx, &first, &page);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.documents[0].key.number, 1);
    assert_false(page.has_more);
    rpc_context_dispose(&ctx);
}

struct growth {
    struct srv_mutation mutation;
    struct library *library;
};

static bool grow(const struct srv_mutation *self, struct rpc_context *ctx,
                 ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    (void)err;
    const struct growth *growth = (const struct growth *)self;
    Library__V1__User *user = (Library__V1__User *)message;
    user->books = growth->library->books;
    user->n_books = BOOKS;
    return true;
}

static void refuses_an_update_that_passes_16_mib(void **state)
{
    (void)state;
    struct library library;
    struct rpc_context ctx;
    struct base_err err;
    ProtobufCMessage *message;
    Library__V1__User small = LIBRARY__V1__USER__INIT;
    fill_library(&library, SRV_BSON_DOCUMENT_BYTES_MAX + 1000);
    struct growth growth = {{grow}, &library};
    struct srv_key key = srv_key_number(1);
    rpc_context_init(&ctx);
    assert_true(srv_store_insert(mongo.store, &ctx, &store_users, key, &small.base, &err));
    bool ok =
        srv_store_update(mongo.store, &ctx, &store_users, key, &growth.mutation, &message, &err);
    assert_string_equal(store_outcome(ok, &err), TOO_LARGE);
    assert_true(srv_store_get(mongo.store, &ctx, &store_users, key, SRV_OPEN, &message, &err));
    assert_int_equal(((const Library__V1__User *)message)->n_books, 0);
    rpc_context_dispose(&ctx);
    dispose_library(&library);
}

/* ---- contention ---- */

#define UPDATERS 64
#define CONTENT_BYTES 400000

struct contention {
    struct srv_store *stores[2];
    atomic_int failures;
    atomic_size_t largest_arena;
};

static bool add_mark(const struct srv_mutation *self, struct rpc_context *ctx,
                     ProtobufCMessage *message, struct base_err *err)
{
    (void)self;
    Notes__V1__Note *note = (Notes__V1__Note *)message;
    char marks[UPDATERS + 1];
    snprintf(marks, sizeof marks, "%s+", note->title);
    note->title = rpc_context_strdup(ctx, base_str_of(marks), err);
    return note->title != NULL;
}

static void update_large(void *user, size_t index)
{
    struct contention *contention = user;
    struct rpc_context ctx;
    struct base_err err;
    ProtobufCMessage *message;
    struct srv_mutation mutation = {add_mark};
    rpc_context_init(&ctx);
    if (!srv_store_update(contention->stores[index % 2], &ctx, &store_notes,
                          srv_key_text(BASE_STR("n")), &mutation, &message, &err)) {
        atomic_fetch_add(&contention->failures, 1);
    }
    size_t used = ctx.arena.used_bytes;
    size_t largest = atomic_load(&contention->largest_arena);
    while (used > largest &&
           !atomic_compare_exchange_weak(&contention->largest_arena, &largest, used)) {
    }
    rpc_context_dispose(&ctx);
}

/* However often a call starts again, it holds the document once. */
static void holds_a_contended_document_once(void **state)
{
    (void)state;
    struct base_err err;
    struct contention contention = {.stores = {mongo.store}};
    char uri[512];
    snprintf(uri, sizeof uri, "%s/%s", mongo.engine.server, mongo.database);
    contention.stores[1] = srv_store_mongo_open(uri, &err);
    assert_non_null(contention.stores[1]);
    assert_string_equal(store_insert_note(mongo.store, "n", "", CONTENT_BYTES), "OK");
    store_on_threads(UPDATERS, update_large, &contention);
    assert_int_equal(atomic_load(&contention.failures), 0);
    assert_int_equal(strlen(store_title_of(mongo.store, "n")), UPDATERS);
    assert_in_range(atomic_load(&contention.largest_arena), CONTENT_BYTES, 2 * CONTENT_BYTES);
    srv_store_close(contention.stores[1]);
}

int main(void)
{
#define ON_FRESH_STORE(test)                                                                       \
    cmocka_unit_test_setup_teardown(test, mongo_fixture_open, mongo_fixture_close)
    const struct CMUnitTest tests[] = {
        ON_FRESH_STORE(keeps_names_and_types_that_people_expect),
        ON_FRESH_STORE(keeps_no_counter_at_0),
        ON_FRESH_STORE(keeps_what_others_added),
        ON_FRESH_STORE(takes_a_document_of_16_mib_and_not_a_byte_more),
        ON_FRESH_STORE(refuses_an_update_that_passes_16_mib),
        ON_FRESH_STORE(holds_a_contended_document_once),
    };
#undef ON_FRESH_STORE
    mongo_engine_open(&mongo.engine);
    int failures = cmocka_run_group_tests_name("store_mongo_documents", tests, NULL, NULL);
    mongo_engine_close(&mongo.engine);
    return failures;
}
