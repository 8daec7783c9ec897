#include "gateway/media_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void json_is_told_from_the_rest(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool is_json;
    } rows[] = {
        {"application/json", true},
        {"Application/JSON", true},
        {" application/json ", true},
        {"application/json; charset=utf-8", true},
        {"application/json;charset=\"UTF-8\"", true},
        {"application/json; charset=UTF8 ; x=y", true},
        {"application/json; x=\"a;charset=latin1\"", true},
        {"application/json; x=\"a\\\";charset=latin1\"", true},
        {"application/json;", true},
        {"application/merge-patch+json", true},
        {"application/vnd.api+JSON; charset=utf-8", true},
        {"application/json; charset=latin1", false},
        {"application/json; charset", false},
        {"application/json; Charset=utf-16", false},
        {"application/+json", false},
        {"application/jsonp", false},
        {"application/json5", false},
        {"application/json, text/plain", false},
        {"text/json", false},
        {"text/plain", false},
        {"application/x-www-form-urlencoded", false},
        {"json", false},
        {"", false},
        {";", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (gw_media_type_is_json(base_str_of(rows[i].type)) != rows[i].is_json) {
            fail_msg("%s", rows[i].type);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_told_from_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
