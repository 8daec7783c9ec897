#include "cli/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_suggestions(void **state)
{
    (void)state;
    static const char *const names[] = {"serve", "server", "gateway", "cd"};
    static const struct row {
        const char *typed;
        const char *expected;
    } rows[] = {
        {"serv", "serve"},     {"servr", "serve"},     {"servers", "server"},
        {"gatway", "gateway"}, {"getaway", "gateway"}, {"", NULL},
        {"s", NULL},           {"help", NULL},         {"ab", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = cli_suggest(rows[i].typed, names, 4);
        assert_string_equal(got == NULL ? "NULL" : got,
                            rows[i].expected == NULL ? "NULL" : rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suggestions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
