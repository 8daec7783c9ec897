#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Values of the hash's authors (draft-eastlake-fnv, appendix C). */
static void test_known_hashes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t hash;
    } rows[] = {
        {"", UINT64_C(0xcbf29ce484222325)},
        {"a", UINT64_C(0xaf63dc4c8601ec8c)},
        {"foobar", UINT64_C(0x85944171f73967e8)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = rows[i].text;
        assert_true(base_hash_add(BASE_HASH_START, text, strlen(text)) == rows[i].hash);
    }
    uint64_t parts = base_hash_add(base_hash_add(BASE_HASH_START, "foo", 3), "bar", 3);
    assert_true(parts == rows[2].hash);
    assert_true(base_hash_fold(parts) == (parts ^ 0x85944171));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known_hashes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
