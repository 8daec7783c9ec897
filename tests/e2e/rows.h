/* Rows: requests and the answers they must get, as a table.
 *
 * A table is a story: its rows run in order against one program that starts empty. What the server
 * chooses is written as a mark and remembered under its name: <id:a> a UUID of version 7,
 * <time:a> an RFC 3339 UTC timestamp, <token:a> a page token. The first time a mark is met it is
 * checked by its pattern (a time must also lie near now, and not before the times met earlier);
 * after that, in paths, bodies and answers alike, it stands for exactly that text.
 */
#ifndef E2E_ROWS_H
#define E2E_ROWS_H

#include "tests/e2e/harness.h"
#include "tests/e2e/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct e2e_row {
    const char *name;
    const char *method;
    const char *path;
    const char *headers; /* lines to send, or NULL */
    const char *body;    /* NULL: none */
    long status;
    const char *json;     /* the exact body of the answer; NULL: it must be empty */
    const char *received; /* header lines the answer must have; "-name": must not; or NULL */
};

struct e2e_table {
    const char *name;
    const struct e2e_row *rows;
    size_t count;
};

#define E2E_TABLE(title, array)                                                                    \
    {                                                                                              \
        .name = (title), .rows = (array), .count = sizeof(array) / sizeof *(array)                 \
    }

/* Both APIs, each rpc and each binding. */
extern const struct e2e_table e2e_rest_tables[];
extern const size_t e2e_rest_table_count;

/* What is refused, and how. */
extern const struct e2e_table e2e_error_tables[];
extern const size_t e2e_error_table_count;

/* Runs every row; prints each that got another answer and, at the end, fails the test if any did.
 * Where `transcript` is not NULL, appends each answer whole, with marks in the place of what the
 * server chose, and without its date and its length, which hangs on the digits of times. */
void e2e_table_run(const struct e2e_table *table, const struct e2e_program *program,
                   enum e2e_http http, struct base_buf *transcript);

/* Appends to `tests` one cmocka test a table and HTTP version, each with a fresh `tollgate serve`
 * that must end with status 0; returns how many there are now. At most E2E_TESTS_MAX. */
#define E2E_TESTS_MAX 64
size_t e2e_table_tests(const struct e2e_table *tables, size_t table_count,
                       struct CMUnitTest tests[E2E_TESTS_MAX], size_t test_count);

#endif
