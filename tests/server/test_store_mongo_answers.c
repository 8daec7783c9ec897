/* What the database is asked for. */
#include "server/store_mongo.h"

#include "fake_mongo.h"
#include "store_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fake_mongo *database;
static struct srv_store *store;

/* `options` stand behind those that the fake needs, as "&w=1". */
static void open_with(const char *options)
{
    char uri[128];
    struct base_err err;
    database = fake_mongo_open();
    snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/t?loadBalanced=true%s",
             fake_mongo_port(database), options);
    store = srv_store_mongo_open(uri, &err);
    if (store == NULL) {
        fail_msg("%s", err.message);
    }
}

static int close_both(void **state)
{
    (void)state;
    srv_store_close(store);
    fake_mongo_close(database);
    return 0;
}

static const char *insert(void)
{
    return store_insert_note(store, "a", "t", 10);
}

static void asks_for_writes_that_last(void **state)
{
    (void)state;
    open_with("&wtimeoutMS=1234");
    fake_mongo_answer(database, "{\"ok\":1,\"n\":1}");
    assert_string_equal(insert(), "OK");
    const char *command = fake_mongo_command(database);
    if (strstr(command, "\"writeConcern\" : { \"w\" : \"majority\", \"j\" : true, "
                        "\"wtimeout\" : 1234 }") == NULL) {
        fail_msg("%s", command);
    }
}

static void asks_for_what_the_uri_says(void **state)
{
    (void)state;
    open_with("&w=2&journal=false");
    fake_mongo_answer(database, "{\"ok\":1,\"n\":1}");
    assert_string_equal(insert(), "OK");
    const char *command = fake_mongo_command(database);
    if (strstr(command, "\"writeConcern\" : { \"w\" : 2, \"j\" : false }") == NULL) {
        fail_msg("%s", command);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(asks_for_writes_that_last, close_both),
        cmocka_unit_test_teardown(asks_for_what_the_uri_says, close_both),
    };
    return cmocka_run_group_tests_name("store_mongo_answers", tests, NULL, NULL);
}
