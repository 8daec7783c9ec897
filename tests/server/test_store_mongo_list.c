/* What a page of the MongoDB store takes from the database: whole pages, whatever the documents'
 * sizes, without fetching many times of what is shown. On an engine of its own, behind a proxy that
 * counts. */
#include "server/store_mongo.h"

#include "store_support.h"
#include "tcp_proxy.h"
#include "tests/mongodb/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MIB (1024 * 1024)

static struct mongo_engine engine;
static struct tcp_proxy *proxy;
static struct srv_store *store;

static int open_fresh(void **state)
{
    (void)state;
    static int count;
    char uri[256];
    struct base_err err;
    proxy = tcp_proxy_open(0, engine.port);
    snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/list%d", tcp_proxy_port(proxy), ++count);
    store = srv_store_mongo_open(uri, &err);
    return store == NULL;
}

static int close_all(void **state)
{
    (void)state;
    srv_store_close(store);
    tcp_proxy_close(proxy);
    return 0;
}

/* Inserts notes "PREFIX-000" and on. */
static void insert_notes(const char *prefix, size_t count, size_t content_len)
{
    for (size_t i = 0; i < count; i++) {
        char key[32];
        snprintf(key, sizeof key, "%s-%03zu", prefix, i);
        assert_string_equal(store_insert_note(store, key, "t", content_len), "OK");
    }
}

/* One page, as far as the tests look at it. */
struct seen {
    size_t count;
    bool has_more;
    char last[32];
    size_t fetched; /* bytes, monitoring included */
};

static struct seen list_after(const char *after, size_t limit)
{
    struct rpc_context ctx;
    struct base_err err;
    struct srv_page page;
    struct seen seen = {0};
    struct srv_key key = srv_key_text(base_str_of(after));
    size_t before = tcp_proxy_received(proxy);
    rpc_context_init(&ctx);
    if (!srv_store_list(store, &ctx, &store_notes, &key, limit, SRV_OPEN, &page, &err)) {
        fail_msg("%s", err.message);
    }
    seen.count = page.count;
    seen.has_more = page.has_more;
    seen.fetched = tcp_proxy_received(proxy) - before;
    if (page.count > 0) {
        snprintf(seen.last, sizeof seen.last, "%.*s",
                 BASE_STR_ARGS(page.documents[page.count - 1].key.text));
    }
    rpc_context_dispose(&ctx);
    return seen;
}

static void fetches_little_more_than_it_shows(void **state)
{
    (void)state;
    insert_notes("large", 15, MIB);
    insert_notes("small", 300, 100);
    struct seen page = list_after("", 1000);
    assert_int_equal(page.count, 2);
    for (int i = 0; i < 5; i++) { /* now it knows how large they are */
        page = list_after(page.last, 1000);
        assert_int_equal(page.count, 2);
        assert_true(page.has_more);
        assert_in_range(page.fetched, 2 * MIB, 6 * MIB);
    }
}

static void fills_pages_of_small_documents_behind_large_ones(void **state)
{
    (void)state;
    insert_notes("large", 3, MIB);
    insert_notes("small", 300, 100);
    struct seen page = list_after("", 1000);
    assert_int_equal(page.count, 2);
    page = list_after("large-002", 250);
    assert_int_equal(page.count, 250);
    assert_string_equal(page.last, "small-249");
    assert_true(page.has_more);
    page = list_after("large-002", 300);
    assert_int_equal(page.count, 300);
    assert_false(page.has_more);
    page = list_after("small-199", 1000);
    assert_int_equal(page.count, 100);
    assert_false(page.has_more);
    page = list_after("small-299", 10);
    assert_int_equal(page.count, 0);
    assert_false(page.has_more);
}

/* Small ones first, so that too many large ones are asked for; then large ones again. */
static void meets_every_document_once(void **state)
{
    (void)state;
    insert_notes("a", 200, 10);
    insert_notes("b", 12, MIB + MIB / 2);
    insert_notes("c", 150, 10);
    insert_notes("d", 1, 4 * MIB - 1000);
    insert_notes("e", 40, 100000);
    struct seen page = {.has_more = true};
    size_t total = 0;
    while (page.has_more) {
        char after[32];
        snprintf(after, sizeof after, "%s", page.last);
        page = list_after(after, 170);
        assert_true(page.count > 0);
        assert_true(strcmp(page.last, after) > 0);
        total += page.count;
    }
    assert_int_equal(total, 200 + 12 + 150 + 1 + 40);
    assert_string_equal(page.last, "e-039");
}

int main(void)
{
#define ON_FRESH_STORE(test) cmocka_unit_test_setup_teardown(test, open_fresh, close_all)
    const struct CMUnitTest tests[] = {
        ON_FRESH_STORE(fetches_little_more_than_it_shows),
        ON_FRESH_STORE(fills_pages_of_small_documents_behind_large_ones),
        ON_FRESH_STORE(meets_every_document_once),
    };
#undef ON_FRESH_STORE
    unsetenv("TOLLGATE_TEST_MONGODB_URI"); /* an engine of its own, with a proxy before it */
    mongo_engine_open(&engine);
    int failures = cmocka_run_group_tests_name("store_mongo_list", tests, NULL, NULL);
    mongo_engine_close(&engine);
    return failures;
}
