/* Requests of proto2 messages: groups in queries, paths and masks; enums, wrappers and oneofs. */
#include "tests/gateway/request_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct request_fixture f;

static int setup(void **state)
{
    (void)state;
    request_fixture_open(&f, OLDER_DESCRIPTOR_SET);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    request_fixture_close(&f);
    return 0;
}

static const struct request_row group_rows[] = {
    {"a field of a group", "GET /orders?note.text=x", NULL, "{\"note\":{\"text\":\"x\"}}"},
    {"two are of one group", "GET /orders?note.text=x&note.lines=2", NULL,
     "{\"note\":{\"text\":\"x\",\"lines\":2}}"},
    {"a group in a message", "GET /orders?parcel.address.street=x&parcel.name=y", NULL,
     "{\"parcel\":{\"name\":\"y\",\"address\":{\"street\":\"x\"}}}"},
    {"a group in a group", "GET /orders?parcel.address.country.code=x", NULL,
     "{\"parcel\":{\"address\":{\"country\":{\"code\":\"x\"}}}}"},
    {"in a path", "GET /notes/x", NULL, "{\"note\":{\"text\":\"x\"}}"},
    {"in a path and the query", "GET /notes/x?note.lines=2", NULL,
     "{\"note\":{\"text\":\"x\",\"lines\":2}}"},
    {"in a path and the body", "POST /texts/x", "{\"note\":{\"text\":\"x\",\"lines\":2}}",
     "{\"note\":{\"text\":\"x\",\"lines\":2}}"},
};

static const struct request_row group_errors[] = {
    {"a group as a whole", "GET /orders?note=x", NULL,
     "query parameter \"note\": field note is a message, which a query sets field by field"},
    {"twice", "GET /orders?note.text=x&note.text=y", NULL,
     "query parameter \"note.text\": too many values for field note.text"},
    {"path and body differ", "POST /texts/x", "{\"note\":{\"text\":\"y\"}}",
     "field note.text has one value in the path and another in the body"},
};

static void test_groups(void **state)
{
    (void)state;
    REQUEST_ROWS_CHECK(&f, group_rows, false)
    REQUEST_ROWS_CHECK(&f, group_errors, true)
}

static const struct request_row mask_rows[] = {
    {"leaves of groups", "PATCH /orders/1",
     "{\"address\":{\"street\":\"x\",\"country\":{\"code\":null}}}",
     "{\"id\":\"1\",\"mask\":\"address.country.code,address.street\","
     "\"parcel\":{\"address\":{\"street\":\"x\",\"country\":{}}}}"},
    {"an empty group", "PATCH /orders/1", "{\"address\":{}}",
     "{\"id\":\"1\",\"mask\":\"address\",\"parcel\":{\"address\":{}}}"},
    {"a group for a body", "PATCH /orders/1/note", "{\"text\":\"x\"}",
     "{\"id\":\"1\",\"mask\":\"text\",\"note\":{\"text\":\"x\"}}"},
    {"an enum by name", "PATCH /orders/1", "{\"size\":\"LARGE\"}",
     "{\"id\":\"1\",\"mask\":\"size\",\"parcel\":{\"size\":\"LARGE\"}}"},
    {"by number", "PATCH /orders/1", "{\"size\":2}",
     "{\"id\":\"1\",\"mask\":\"size\",\"parcel\":{\"size\":\"LARGE\"}}"},
    {"null clears it", "PATCH /orders/1", "{\"size\":null}",
     "{\"id\":\"1\",\"mask\":\"size\",\"parcel\":{}}"},
};

/* Names that are ignored clear nothing. */
static const struct request_row ignoring_rows[] = {
    {"an enum's unknown name", "PATCH /orders/1", "{\"size\":\"HUGE\",\"name\":\"x\"}",
     "{\"id\":\"1\",\"mask\":\"name\",\"parcel\":{\"name\":\"x\"}}"},
    {"nothing else", "PATCH /orders/1", "{\"size\":\"HUGE\"}", "{\"id\":\"1\",\"parcel\":{}}"},
    {"in a list, which was sent", "PATCH /orders/1", "{\"sizes\":[\"HUGE\",\"SMALL\"]}",
     "{\"id\":\"1\",\"mask\":\"sizes\",\"parcel\":{\"sizes\":[\"SMALL\"]}}"},
    {"a group's unknown field", "PATCH /orders/1", "{\"address\":{\"town\":\"x\"}}",
     "{\"id\":\"1\",\"parcel\":{\"address\":{}}}"},
};

static void test_masks(void **state)
{
    (void)state;
    struct request_fixture ignoring = f;
    ignoring.options.ignore_unknown_fields = true;
    REQUEST_ROWS_CHECK(&f, mask_rows, false)
    REQUEST_ROWS_CHECK(&ignoring, mask_rows, false)
    REQUEST_ROWS_CHECK(&ignoring, ignoring_rows, false)
}

/* The path writes a wrapper's zero, JSON does not: the value is the same. */
static const struct request_row wrapper_rows[] = {
    {"zero in path and body", "POST /counts/0", "{\"count\":0}", "{\"count\":0}"},
    {"another number in both", "POST /counts/7", "{\"count\":7}", "{\"count\":7}"},
    {"null in the body is unset", "POST /counts/0", "{\"count\":null}", "{\"count\":0}"},
    {"a text in both", "POST /labels/x", "{\"label\":\"x\"}", "{\"label\":\"x\"}"},
};

static const struct request_row wrapper_errors[] = {
    {"zero in the path", "POST /counts/0", "{\"count\":7}",
     "field count has one value in the path and another in the body"},
    {"zero in the body", "POST /counts/7", "{\"count\":0}",
     "field count has one value in the path and another in the body"},
    {"nothing in the body's text", "POST /labels/x", "{\"label\":\"\"}",
     "field label has one value in the path and another in the body"},
};

static void test_wrappers(void **state)
{
    (void)state;
    REQUEST_ROWS_CHECK(&f, wrapper_rows, false)
    REQUEST_ROWS_CHECK(&f, wrapper_errors, true)
}

static const struct request_row oneof_rows[] = {
    {"a body", "POST /land", "{\"name\":\"x\"}", "{\"byLand\":{\"name\":\"x\"}}"},
    {"a body of null sets nothing", "POST /land?by_sea=x", "null", "{\"bySea\":\"x\"}"},
    {"neither does none", "POST /land?by_sea=x", NULL, "{\"bySea\":\"x\"}"},
};

static const struct request_row oneof_errors[] = {
    {"an empty object sets its member", "POST /land?by_sea=x", "{}",
     "query parameter \"by_sea\": the body sets field by_land of the same oneof"},
};

static void test_oneofs(void **state)
{
    (void)state;
    REQUEST_ROWS_CHECK(&f, oneof_rows, false)
    REQUEST_ROWS_CHECK(&f, oneof_errors, true)
}

/* What "%.*s" would cut is shown as cut. */
static const struct request_row shown_errors[] = {
    {"a NUL in a number", "GET /orders?note.lines=1%00", NULL,
     "query parameter \"note.lines\": expected an int32, found \"1...\""},
    {"a NUL alone", "GET /orders?note.lines=%00", NULL,
     "query parameter \"note.lines\": expected an int32, found \"...\""},
};

static void test_shown_text(void **state)
{
    (void)state;
    REQUEST_ROWS_CHECK(&f, shown_errors, true)
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),     cmocka_unit_test(test_masks),
        cmocka_unit_test(test_wrappers),   cmocka_unit_test(test_oneofs),
        cmocka_unit_test(test_shown_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
