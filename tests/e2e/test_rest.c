/* Both APIs over REST: every row over HTTP/1.1 and over HTTP/2. */
#include "tests/e2e/rows.h"

int main(void)
{
    static struct CMUnitTest tests[E2E_TESTS_MAX];
    size_t count = e2e_table_tests(e2e_rest_tables, e2e_rest_table_count, tests, 0);
    return _cmocka_run_group_tests("rest", tests, count, NULL, NULL);
}
