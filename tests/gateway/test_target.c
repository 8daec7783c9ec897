#include "gateway/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void targets_are_split(void **state)
{
    (void)state;
    static const struct row {
        const char *target;
        const char *authority;
        const char *path;
        const char *query;
    } rows[] = {
        {"/", "", "/", ""},
        {"/a/b", "", "/a/b", ""},
        {"/a?b=c", "", "/a", "b=c"},
        {"/a?b=c?d", "", "/a", "b=c?d"},
        {"/a?", "", "/a", ""},
        {"/http://x/y", "", "/http://x/y", ""},
        {"http://h:80/a?b", "h:80", "/a", "b"},
        {"https://h/a", "h", "/a", ""},
        {"http://h", "h", "/", ""},
        {"http://h?b", "h", "/", "b"},
        {"http:///a", "", "/a", ""},
        {"ftp://h/a", "", "ftp://h/a", ""},
        {"*", "", "*", ""},
        {"?b", "", "", "b"},
        {"", "", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gw_target got = gw_target_split(base_str_of(rows[i].target));
        if (!base_str_eq(got.authority, base_str_of(rows[i].authority)) ||
            !base_str_eq(got.raw_path, base_str_of(rows[i].path)) ||
            !base_str_eq(got.raw_query, base_str_of(rows[i].query))) {
            fail_msg("%s: authority \"%.*s\", path \"%.*s\", query \"%.*s\"", rows[i].target,
                     BASE_STR_ARGS(got.authority), BASE_STR_ARGS(got.raw_path),
                     BASE_STR_ARGS(got.raw_query));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(targets_are_split)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
