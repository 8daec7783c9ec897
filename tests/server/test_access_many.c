/* 100,000 keys: read by a watch, changed one at a time, listed page by page through the service.
 * The figures are printed; only what must hold is asserted. */
#include "server/admin.h"

#include "server/access_watch.h"
#include "server/store_sqlite.h"
#include "sqlite_file.h"

#include <pthread.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define KEYS 100000

/* What a change may take until it is known, on a machine that is busy. */
#define CHANGE_MS_MAX 20000

static struct srv_store *store;
static struct srv_access access_to_keys;

static size_t pack_key(size_t number, char id[24], uint8_t out[256])
{
    uint8_t hash[BASE_DIGEST_BYTES] = {(uint8_t)number, (uint8_t)(number >> 8),
                                       (uint8_t)(number >> 16)};
    char name[24];
    char *plan_ids[] = {"standard"};
    Tollgate__ApiKey key = TOLLGATE__API_KEY__INIT;
    snprintf(id, 24, "key%08zu", number);
    snprintf(name, sizeof name, "name-%zu", number);
    key.id = id;
    key.name = name;
    key.enabled = true;
    key.value_hash = (ProtobufCBinaryData){sizeof hash, hash};
    key.usage_plan_ids = plan_ids;
    key.n_usage_plan_ids = number % 1000 == 0;
    assert_true(tollgate__api_key__get_packed_size(&key) <= 256);
    return tollgate__api_key__pack(&key, out);
}

/* In one transaction behind the store's back: a hundred thousand would wait for as many syncs. */
static void fill(void)
{
    sqlite3 *db;
    sqlite3_stmt *insert;
    assert_int_equal(sqlite3_open(sqlite_file_path(), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO doc_api_keys(key, body) VALUES(?, ?)", -1,
                                        &insert, NULL),
                     SQLITE_OK);
    for (size_t i = 0; i < KEYS; i++) {
        char id[24];
        uint8_t body[256];
        int len = (int)pack_key(i, id, body);
        sqlite3_bind_text(insert, 1, id, -1, SQLITE_TRANSIENT);
        sqlite3_bind_blob(insert, 2, body, len, SQLITE_TRANSIENT);
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int set_up(void **state)
{
    (void)state;
    struct base_err err;
    struct rpc_context ctx;
    sqlite_file_renew();
    store = srv_store_sqlite_open(sqlite_file_path(), &err);
    assert_non_null(store);
    const struct srv_access_config config = {
        .store = store, .clock = &base_clock_system, .random = &base_random_system};
    assert_true(srv_access_open(&access_to_keys, &config, &err));
    rpc_context_init(&ctx);
    Tollgate__ApiKey first = TOLLGATE__API_KEY__INIT; /* so that there is a table */
    assert_true(srv_access_add_key(&access_to_keys, &ctx, BASE_STR("the-first-value-of-all"),
                                   &first, &err));
    assert_true(srv_access_remove_key(&access_to_keys, &ctx, first.id, &err));
    rpc_context_dispose(&ctx);
    fill();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    srv_store_close(store);
    sqlite_file_remove();
    return 0;
}

static double ms_since(int64_t start_ns)
{
    return (double)(base_clock_monotonic_ns() - start_ns) / (double)BASE_NS_PER_MS;
}

/* ---- The watch ---- */

struct counter {
    struct srv_access_listener listener;
    atomic_size_t keys;
    atomic_size_t disabled;
};

static void on_access(struct srv_access_listener *self, const struct srv_access_list *list)
{
    struct counter *counter = (struct counter *)self;
    size_t disabled = 0;
    for (size_t i = 0; i < list->key_count; i++) {
        disabled += !list->keys[i]->enabled;
    }
    counter->keys = list->key_count;
    counter->disabled = disabled;
}

static bool disable(const struct srv_mutation *self, struct rpc_context *ctx,
                    ProtobufCMessage *message, struct base_err *err)
{
    (void)self;
    (void)ctx;
    (void)err;
    ((Tollgate__ApiKey *)message)->enabled = false;
    return true;
}

static void test_a_watch_over_many_keys(void **state)
{
    (void)state;
    struct counter counter = {.listener = {on_access}};
    struct base_err err;
    int64_t start_ns = base_clock_monotonic_ns();
    struct srv_access_watch *watch =
        srv_access_watch_open(&access_to_keys, &counter.listener, &err);
    assert_non_null(watch);
    print_message("  %d keys read in %.0f ms\n", KEYS, ms_since(start_ns));
    assert_int_equal(counter.keys, KEYS);
    assert_int_equal(counter.disabled, 0);

    struct rpc_context ctx;
    rpc_context_init(&ctx);
    const struct srv_mutation mutation = {disable};
    Tollgate__ApiKey *key;
    start_ns = base_clock_monotonic_ns();
    assert_true(srv_access_update_key(&access_to_keys, &ctx, "key00050000", &mutation, &key, &err));
    while (counter.disabled != 1) {
        assert_true(ms_since(start_ns) < CHANGE_MS_MAX);
        usleep(1000);
    }
    print_message("  a change is known after %.0f ms\n", ms_since(start_ns));
    rpc_context_dispose(&ctx);
    srv_access_watch_close(watch);
}

/* ---- The service ---- */

static void expect_next(const char *id, size_t *number)
{
    char expected[24];
    snprintf(expected, sizeof expected, "key%08zu", *number);
    assert_string_equal(id, expected);
    ++*number;
}

static void test_pages_of_all_keys(void **state)
{
    (void)state;
    struct srv_admin admin;
    struct rpc_context ctx;
    struct base_err err;
    char position[128] = "";
    size_t count = 0;
    size_t pages = 0;
    int64_t start_ns = base_clock_monotonic_ns();
    srv_admin_init(&admin, &access_to_keys, NULL, 0);
    rpc_context_init(&ctx);
    do {
        Tollgate__Admin__GetApiKeysRequest request = TOLLGATE__ADMIN__GET_API_KEYS_REQUEST__INIT;
        Tollgate__Admin__ApiKeys response = TOLLGATE__ADMIN__API_KEYS__INIT;
        request.limit = SRV_ADMIN_LIST_MAX;
        request.position = position;
        assert_true(srv_admin_handlers.get_api_keys(&admin, &ctx, &request, &response, &err));
        for (size_t i = 0; i < response.n_item; i++) {
            expect_next(response.item[i]->id, &count);
        }
        snprintf(position, sizeof position, "%s",
                 response.position == NULL ? "" : response.position->value);
        pages++;
        rpc_context_reset(&ctx);
    } while (position[0] != '\0');
    print_message("  %zu keys on %zu pages in %.0f ms\n", count, pages, ms_since(start_ns));
    assert_int_equal(count, KEYS);
    assert_int_equal(pages, KEYS / SRV_ADMIN_LIST_MAX);
    rpc_context_dispose(&ctx);
}

/* One key in a thousand is in the plan: all are looked at, in the memory of one page. */
static void test_few_among_many(void **state)
{
    (void)state;
    struct srv_admin admin;
    struct rpc_context ctx;
    struct base_err err;
    srv_admin_init(&admin, &access_to_keys, NULL, 0);
    rpc_context_init(&ctx);
    Tollgate__Admin__GetUsagePlanKeysRequest request =
        TOLLGATE__ADMIN__GET_USAGE_PLAN_KEYS_REQUEST__INIT;
    Tollgate__Admin__UsagePlanKeys response = TOLLGATE__ADMIN__USAGE_PLAN_KEYS__INIT;
    request.usage_plan_id = "standard";
    request.limit = SRV_ADMIN_LIST_MAX;
    int64_t start_ns = base_clock_monotonic_ns();
    assert_true(srv_admin_handlers.get_usage_plan_keys(&admin, &ctx, &request, &response, &err));
    print_message("  %zu of %d keys found in %.0f ms\n", response.n_item, KEYS, ms_since(start_ns));
    assert_int_equal(response.n_item, KEYS / 1000);
    assert_null(response.position);
    rpc_context_dispose(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_watch_over_many_keys),
        cmocka_unit_test(test_pages_of_all_keys),
        cmocka_unit_test(test_few_among_many),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
