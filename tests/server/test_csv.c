#include "server/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define OUT_SIZE 4096

/* Writes every record as "LINE:[field][field]" and how it ended. */
static void read_all(struct base_str text, char out[OUT_SIZE])
{
    struct rpc_context ctx;
    struct srv_csv csv;
    struct srv_csv_record record;
    struct base_err err;
    size_t len = 0;
    bool is_done = false;
    rpc_context_init(&ctx);
    srv_csv_init(&csv, text);
    out[0] = '\0';
    while (!is_done) {
        if (!srv_csv_next(&csv, &ctx, &record, &is_done, &err)) {
            snprintf(out + len, OUT_SIZE - len, "%s", err.message);
            break;
        }
        if (is_done) {
            break;
        }
        len += (size_t)snprintf(out + len, OUT_SIZE - len, "%zu:", record.line);
        for (size_t i = 0; i < record.count; i++) {
            len += (size_t)snprintf(out + len, OUT_SIZE - len, "[%s]", record.fields[i]);
        }
        len += (size_t)snprintf(out + len, OUT_SIZE - len, " ");
    }
    rpc_context_dispose(&ctx);
}

static void test_records(void **state)
{
    (void)state;
    static const struct {
        struct base_str text;
        const char *expected;
    } rows[] = {
        {BASE_STR(""), ""},
        {BASE_STR("\n\r\n\n"), ""},
        {BASE_STR("a,b\nc,d"), "1:[a][b] 2:[c][d] "},
        {BASE_STR("a,b\r\nc,d\r\n"), "1:[a][b] 2:[c][d] "},
        {BASE_STR("\xEF\xBB\xBF"
                  "a\n"),
         "1:[a] "},
        {BASE_STR("a\n\n\nb"), "1:[a] 4:[b] "},
        {BASE_STR(",,\n,"), "1:[][][] 2:[][] "},
        {BASE_STR(" a , b "), "1:[ a ][ b ] "},
        {BASE_STR("\"a,b\",\"c\"\"d\",\"\""), "1:[a,b][c\"d][] "},
        {BASE_STR("\"a\r\nb\nc\"\nd"), "1:[a\r\nb\nc] 4:[d] "},
        {BASE_STR("a\rb,c"), "1:[a\rb][c] "},
        {BASE_STR("\"\"\"\"\n"), "1:[\"] "},
        {BASE_STR("a,\"b"), "line 1: a quote that is not closed"},
        {BASE_STR("a\n\"b\n\n"), "1:[a] line 2: a quote that is not closed"},
        {BASE_STR("a\"b"), "line 1: a quote in a field that does not begin with one"},
        {BASE_STR("\"a\"b"), "line 1: a comma is expected behind the closing quote"},
        {BASE_STR("a\nb\0c"), "1:[a] line 2: a field is not text in UTF-8"},
        {BASE_STR("\xFF"), "line 1: a field is not text in UTF-8"},
        {BASE_STR("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,"
                  "30,31,32,33"),
         "line 1: too many fields"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[OUT_SIZE];
        read_all(rows[i].text, out);
        if (strcmp(out, rows[i].expected) != 0) {
            fail_msg("row %zu: expected %s, got %s", i, rows[i].expected, out);
        }
    }
}

/* Nothing but memory decides how long a field may be. */
static void test_a_long_field(void **state)
{
    (void)state;
    static char text[1024 * 1024];
    memset(text, 'x', sizeof text);
    text[0] = '"';
    text[sizeof text - 1] = '"';
    struct rpc_context ctx;
    struct srv_csv csv;
    struct srv_csv_record record;
    struct base_err err;
    bool is_done;
    rpc_context_init(&ctx);
    srv_csv_init(&csv, base_str_make(text, sizeof text));
    assert_true(srv_csv_next(&csv, &ctx, &record, &is_done, &err));
    assert_int_equal(strlen(record.fields[0]), sizeof text - 2);
    rpc_context_dispose(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_a_long_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
