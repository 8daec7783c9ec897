/* What the database's answers mean, those included that only a cluster gives, and what it is asked
 * for. */
#include "server/store_mongo.h"

#include "fake_mongo.h"
#include "store_support.h"
#include "tests/base/stderr_capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TAKEN "ALREADY_EXISTS: notes already has a document \"a\""
#define LATE "DEADLINE_EXCEEDED: deadline exceeded"
#define CHANGING "UNAVAILABLE: the database is changing its primary"
#define UNCONFIRMED "UNAVAILABLE: the database did not confirm the write; it may have happened"
#define REFUSED "INTERNAL: the database refused the operation"

/* The whole command failed, or what it is about, or the waiting for replicas. */
#define FAILED(code) "{\"ok\":0,\"errmsg\":\"theirs\",\"code\":" #code "}"
#define NOT_WRITTEN(code)                                                                          \
    "{\"ok\":1,\"n\":0,\"writeErrors\":[{\"index\":0,\"code\":" #code ",\"errmsg\":\"theirs\"}]}"
#define NOT_REPLICATED(code)                                                                       \
    "{\"ok\":1,\"n\":1,\"writeConcernError\":{\"code\":" #code ",\"errmsg\":\"theirs\"}}"

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

static const char *insert_note(void)
{
    return store_insert_note(store, "a", "t", 10);
}

static const char *get_title(void)
{
    return store_title_of(store, "a");
}

static const char *remove_note(void)
{
    return store_remove_note(store, "a");
}

static void says_what_failures_mean(void **state)
{
    (void)state;
    static const struct {
        const char *(*act)(void);
        const char *answer;
        const char *outcome;
    } rows[] = {
        {insert_note, "{\"ok\":1,\"n\":1}", "OK"},
        {remove_note, "{\"ok\":1,\"n\":1}", "OK"},
        {remove_note, "{\"ok\":1,\"n\":0}", "NOT_FOUND: notes has no document \"a\""},
        {get_title, FAILED(50), LATE},
        {get_title, FAILED(91), CHANGING},
        {get_title, FAILED(133), CHANGING}, /* a router that finds no primary of a shard */
        {get_title, FAILED(134), CHANGING},
        {get_title, FAILED(262), CHANGING},
        {get_title, FAILED(13436), CHANGING},
        {get_title, FAILED(13), REFUSED},
        {insert_note, FAILED(10107), CHANGING},
        {insert_note, FAILED(189), CHANGING},
        {insert_note, FAILED(13), REFUSED},
        {insert_note, NOT_WRITTEN(11000), TAKEN},
        {insert_note, NOT_WRITTEN(50), LATE},
        {insert_note, NOT_WRITTEN(133), CHANGING}, /* a router reports for each document */
        {insert_note, NOT_WRITTEN(10107), CHANGING},
        {insert_note, NOT_WRITTEN(121), REFUSED},
        {remove_note, NOT_WRITTEN(91), CHANGING},
        {insert_note, NOT_REPLICATED(64), UNCONFIRMED},
        {insert_note, NOT_REPLICATED(91), UNCONFIRMED},
        {insert_note, NOT_REPLICATED(50), LATE},
    };
    open_with("");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake_mongo_answer(database, rows[i].answer);
        const char *outcome = rows[i].act();
        if (strcmp(outcome, rows[i].outcome) != 0) {
            fail_msg("%s: %s, expected %s", rows[i].answer, outcome, rows[i].outcome);
        }
    }
}

/* A client is told no more than that; who runs the database must learn why. */
static void logs_the_database_s_own_words(void **state)
{
    (void)state;
    char log[1024] = {0};
    open_with("");
    fake_mongo_answer(database, "{\"ok\":1,\"n\":0,\"writeErrors\":[{\"index\":0,\"code\":121,"
                                "\"errmsg\":\"Document failed validation\"}]}");
    struct stderr_capture capture = stderr_capture_begin();
    const char *outcome = insert_note();
    stderr_capture_end(&capture);
    assert_true(read(capture.read_fd, log, sizeof log - 1) > 0);
    close(capture.read_fd);
    assert_string_equal(outcome, REFUSED);
    assert_non_null(strstr(log, "code=121 message=\"Document failed validation\""));
}

static void asks_for_writes_that_last(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        const char *concern;
    } rows[] = {
        {"", "{ \"w\" : \"majority\", \"j\" : true }"},
        {"&wtimeoutMS=1234", "{ \"w\" : \"majority\", \"j\" : true, \"wtimeout\" : 1234 }"},
        {"&journal=false", "{ \"w\" : \"majority\", \"j\" : false }"},
        {"&w=2", "{ \"w\" : 2, \"j\" : true }"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[128];
        snprintf(expected, sizeof expected, "\"writeConcern\" : %s", rows[i].concern);
        open_with(rows[i].options);
        fake_mongo_answer(database, "{\"ok\":1,\"n\":1}");
        assert_string_equal(insert_note(), "OK");
        const char *command = fake_mongo_command(database);
        if (strstr(command, expected) == NULL) {
            fail_msg("expected %s in %s", expected, command);
        }
        close_both(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(says_what_failures_mean, close_both),
        cmocka_unit_test_teardown(logs_the_database_s_own_words, close_both),
        cmocka_unit_test(asks_for_writes_that_last),
    };
    return cmocka_run_group_tests_name("store_mongo_answers", tests, NULL, NULL);
}
