/* Reads of the MongoDB store that go to the database together: each gets its own document or its
 * own error, whatever shares its command, and also where one reply cannot hold them all. */
#include "server/store_mongo.h"

#include "mongo_fixture.h"
#include "server/store_mongo_find.h"
#include "store_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* Runs what somebody types into mongosh; the number at `path` of the reply. */
static int64_t run_by_hand(const char *on, const char *json, const char *path)
{
    bson_error_t error;
    bson_t reply;
    bson_t *command = bson_new_from_json((const uint8_t *)json, -1, &error);
    assert_non_null(command);
    if (!mongoc_client_command_simple(mongo.client, on, command, NULL, &reply, &error)) {
        fail_msg("%s: %s", json, error.message);
    }
    int64_t number = srv_mongo_reply_number(&reply, path, -1);
    bson_destroy(&reply);
    bson_destroy(command);
    return number;
}

/* Commands that looked for notes by _id: how often its index was used. */
static int64_t finds_so_far(void)
{
    return run_by_hand(
        mongo.database,
        "{\"aggregate\":\"notes\",\"cursor\":{},\"pipeline\":[{\"$indexStats\":{}}]}",
        "cursor.firstBatch.0.accesses.ops");
}

/* ---- a crowd ---- */

#define NOTES 16
#define READERS 64
#define READS_EACH 20

static void name_note(char out[32], size_t number)
{
    snprintf(out, 32, "note-%02zu", number);
}

/* NOTES notes, each titled by its key. */
static void insert_notes(size_t content_len)
{
    for (size_t i = 0; i < NOTES; i++) {
        char key[32];
        name_note(key, i);
        assert_string_equal(store_insert_note(mongo.store, key, key, content_len), "OK");
    }
}

struct crowd {
    size_t reads_each;
    atomic_int wrong;
};

/* Reads one note after another; every fifth reader looks for what is not there. */
static void read_notes(void *user, size_t index)
{
    struct crowd *crowd = user;
    for (size_t i = 0; i < crowd->reads_each; i++) {
        char key[32];
        char missing[80];
        name_note(key, index % 5 == 4 ? 90 + i % 9 : (index + i) % NOTES);
        snprintf(missing, sizeof missing, "NOT_FOUND: notes has no document \"%s\"", key);
        const char *title = store_title_of(mongo.store, key);
        if (strcmp(title, index % 5 == 4 ? missing : key) != 0) {
            print_message("%s: %.100s\n", key, title);
            atomic_fetch_add(&crowd->wrong, 1);
        }
    }
}

static void answers_each_of_a_crowd(void **state)
{
    (void)state;
    struct crowd crowd = {.reads_each = READS_EACH};
    insert_notes(100);
    int64_t before = finds_so_far();
    store_on_threads(READERS, read_notes, &crowd);
    int64_t finds = finds_so_far() - before;
    print_message("%d reads, %lld finds\n", READERS * READS_EACH, (long long)finds);
    assert_int_equal(atomic_load(&crowd.wrong), 0);
    assert_in_range(finds, 1, READERS * READS_EACH / 2);
}

static void sends_a_command_of_its_own_without_a_crowd(void **state)
{
    (void)state;
    struct crowd crowd = {.reads_each = READS_EACH};
    insert_notes(100);
    int64_t before = finds_so_far();
    store_on_threads(SRV_STORE_MONGO_READ_TURNS, read_notes, &crowd);
    assert_int_equal(finds_so_far() - before, SRV_STORE_MONGO_READ_TURNS * READS_EACH);
    assert_int_equal(atomic_load(&crowd.wrong), 0);
}

#define LARGE_BYTES (3 * 1024 * 1024)

static void reads_what_one_reply_cannot_hold(void **state)
{
    (void)state;
    struct crowd crowd = {.reads_each = 1};
    insert_notes(LARGE_BYTES);
    store_on_threads(READERS / 2, read_notes, &crowd);
    assert_int_equal(atomic_load(&crowd.wrong), 0);
}

/* ---- one command for several ---- */

struct found {
    struct srv_mongo_client *client;
    struct rpc_context ctx;
    struct srv_mongo_target at;
    bson_t reply;
};

static void find(struct found *found, const struct srv_collection *collection,
                 const struct srv_key *keys, size_t count)
{
    struct base_err err;
    found->client = srv_mongo_client_open(mongo.uri, &err);
    assert_non_null(found->client);
    rpc_context_init(&found->ctx);
    found->at = (struct srv_mongo_target){found->client, &found->ctx, collection, keys[0]};
    if (!srv_mongo_find_many(&found->at, keys, count, &found->reply, &err)) {
        fail_msg("%s", err.message);
    }
}

static void dispose(struct found *found)
{
    bson_destroy(&found->reply);
    rpc_context_dispose(&found->ctx);
    srv_mongo_client_close(found->client);
}

static const char *id_of(const bson_t *document)
{
    bson_iter_t id;
    assert_true(bson_iter_init_find(&id, document, "_id"));
    return bson_iter_utf8(&id, NULL);
}

static void tells_a_reply_that_was_cut(void **state)
{
    (void)state;
    char names[NOTES][32];
    struct srv_key keys[NOTES];
    struct found found;
    bson_t document;
    bson_t other;
    insert_notes(LARGE_BYTES);
    for (size_t i = 0; i < NOTES; i++) {
        name_note(names[i], i);
        keys[i] = srv_key_text(base_str_of(names[i]));
    }
    find(&found, &store_notes, keys, NOTES);
    int64_t cursor = srv_mongo_open_cursor(&found.reply);
    assert_true(cursor != 0);
    assert_true(srv_mongo_find_in_reply(&found.reply, keys[0], &document));
    assert_false(srv_mongo_find_in_reply(&found.reply, keys[NOTES - 1], &document));
    srv_mongo_kill_cursor(&found.at, cursor);
    dispose(&found);
    find(&found, &store_notes, keys, 2);
    assert_int_equal(srv_mongo_open_cursor(&found.reply), 0);
    assert_true(srv_mongo_find_in_reply(&found.reply, keys[0], &document));
    assert_true(srv_mongo_find_in_reply(&found.reply, keys[1], &other));
    assert_string_equal(id_of(&document), names[0]); /* still */
    assert_string_equal(id_of(&other), names[1]);
    assert_false(srv_mongo_find_in_reply(&found.reply, keys[2], &document));
    dispose(&found);
}

/* To MongoDB numbers are equal whatever their type; those that are whole are keys of ours. */
static void takes_whole_numbers_for_keys(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        int64_t key;
        bool is_key;
    } rows[] = {
        {"{\"$numberInt\":\"3\"}", 3, true},
        {"{\"$numberLong\":\"4294967296\"}", INT64_C(4294967296), true},
        {"{\"$numberDouble\":\"5.0\"}", 5, true},
        {"{\"$numberInt\":\"-2\"}", -2, true},
        {"{\"$numberDouble\":\"1.5\"}", 1, false},
        {"{\"$numberDouble\":\"1e300\"}", INT64_MAX, false},
        {"{\"$numberDouble\":\"NaN\"}", 0, false},
        {"{\"$numberDecimal\":\"6\"}", 6, false},
        {"\"7\"", 7, false},
        {"true", 1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char command[160];
        struct rpc_context ctx;
        struct base_err err;
        struct srv_page page;
        ProtobufCMessage *message;
        struct srv_key key = srv_key_number(rows[i].key);
        struct found found;
        bson_t document;
        snprintf(command, sizeof command,
                 "{\"insert\":\"users\",\"documents\":[{\"_id\":%s,\"name\":\"a\"}]}", rows[i].id);
        assert_int_equal(run_by_hand(mongo.database, command, "n"), 1);
        rpc_context_init(&ctx);
        bool ok = srv_store_get(mongo.store, &ctx, &store_users, key, SRV_OPEN, &message, &err);
        assert_int_equal(ok, rows[i].is_key);
        ok = srv_store_list(mongo.store, &ctx, &store_users, NULL, 10, SRV_OPEN, &page, &err);
        assert_string_equal(
            store_outcome(ok, &err),
            rows[i].is_key ? "OK" : "DATA_LOSS: users has a document whose _id is no key of ours");
        assert_true(!ok || page.documents[0].key.number == rows[i].key);
        rpc_context_dispose(&ctx);
        find(&found, &store_users, &key, 1);
        assert_int_equal(srv_mongo_find_in_reply(&found.reply, key, &document), rows[i].is_key);
        dispose(&found);
        run_by_hand(mongo.database, "{\"drop\":\"users\"}", "ok");
    }
}

int main(void)
{
#define ON_FRESH_STORE(test)                                                                       \
    cmocka_unit_test_setup_teardown(test, mongo_fixture_open, mongo_fixture_close)
    const struct CMUnitTest tests[] = {
        ON_FRESH_STORE(answers_each_of_a_crowd),
        ON_FRESH_STORE(sends_a_command_of_its_own_without_a_crowd),
        ON_FRESH_STORE(reads_what_one_reply_cannot_hold),
        ON_FRESH_STORE(tells_a_reply_that_was_cut),
        ON_FRESH_STORE(takes_whole_numbers_for_keys),
    };
#undef ON_FRESH_STORE
    mongo_engine_open(&mongo.engine);
    int failures = cmocka_run_group_tests_name("store_mongo_reads", tests, NULL, NULL);
    mongo_engine_close(&mongo.engine);
    return failures;
}
