/* Shadow: which routes are never reached, and that those which are told so are not. */
#include "gateway/shadow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define ROUTES_MAX 4

static const struct {
    const char *rule;
    const char *routes[ROUTES_MAX];   /* "GET /a/{x}" */
    const char *shadowed[ROUTES_MAX]; /* those of them that are never reached */
} rows[] = {
    {"a literal before a wildcard leaves it the rest", {"GET /a/*", "GET /a/b"}, {0}},
    {"\"*\" before \"**\" leaves it other lengths", {"GET /**", "GET /*", "GET /*/*"}, {0}},
    {"other lengths, of which the longest is left", {"GET /a/**", "GET /a", "GET /a/*"}, {0}},
    {"a tail leaves what ends otherwise", {"GET /**", "GET /**/a"}, {0}},
    {"a wildcard for a tail leaves the path without one", {"GET /a/**", "GET /a/**/*"}, {0}},
    {"a variable never captures nothing, so nothing is left",
     {"GET /a/{x=**}", "GET /a/**/*"},
     {"GET /a/{x=**}"}},
    {"\"*\" is tried before \"**\"",
     {"GET /d/{n=*/**}", "GET /d/{p=**}/{c}"},
     {"GET /d/{p=**}/{c}"}},
    {"two that take all together",
     {"GET /d/{n=*/**}", "GET /d/{p=*/**}/{c}", "GET /d/{c}"},
     {"GET /d/{n=*/**}"}},
    {"one of the two is not enough", {"GET /d/{n=*/**}", "GET /d/{p=*/**}/{c}"}, {0}},
    {"another method", {"GET /a/{x=**}", "POST /a/**/*"}, {0}},
    {"any method takes a GET's, too", {"GET /a/{x=**}", "* /a/**/*"}, {"GET /a/{x=**}"}},
    {"a GET leaves any other method", {"* /a/{x=**}", "GET /a/**/*"}, {0}},
    {"a HEAD for a GET leaves the GET", {"GET /a/{x=**}", "HEAD /a/**/*"}, {0}},
    {"a GET takes no HEAD of another's", {"HEAD /a/{x=**}", "GET /a/**/*"}, {"HEAD /a/{x=**}"}},
    {"a verb is another path", {"GET /a/{x=**}", "GET /a/**/*:v"}, {0}},
    {"the same verb is not", {"GET /a/{x=**}:v", "GET /a/**/*:v"}, {"GET /a/{x=**}:v"}},
    {"escapes in literals and verbs",
     {"GET /%2F%25:/{x=**}:%3A%2f", "GET /%2F%25:/**/*:%3a%2F"},
     {"GET /%2F%25:/{x=**}:%3A%2f"}},
    {"alone", {"GET /**"}, {0}},
    {"the root", {"GET /", "GET /**"}, {0}},
};

static struct base_str after_space(const char *text, struct base_str *out_method)
{
    const char *space = strchr(text, ' ');
    *out_method = base_str_make(text, (size_t)(space - text));
    return base_str_of(space + 1);
}

static bool is_in(const char *const list[ROUTES_MAX], const char *text)
{
    for (size_t i = 0; i < ROUTES_MAX && list[i] != NULL; i++) {
        if (strcmp(list[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static void check(size_t row)
{
    struct base_arena arena;
    struct gw_router *router = gw_router_create();
    struct gw_template templates[ROUTES_MAX];
    struct base_str methods[ROUTES_MAX];
    struct base_err err = {0};
    base_arena_init(&arena, 1 << 20);
    size_t count = 0;
    for (; count < ROUTES_MAX && rows[row].routes[count] != NULL; count++) {
        struct base_str text = after_space(rows[row].routes[count], &methods[count]);
        if (!gw_template_parse(text, &arena, &templates[count], &err) ||
            !gw_router_add(router, methods[count], &templates[count], &templates[count], &err)) {
            fail_msg("%s: %s", rows[row].rule, err.message);
        }
    }
    for (size_t i = 0; i < count; i++) {
        void *shadow = gw_shadow_find(router, methods[i], &templates[i], &templates[i]);
        if ((shadow != NULL) != is_in(rows[row].shadowed, rows[row].routes[i])) {
            fail_msg("%s: %s", rows[row].rule, rows[row].routes[i]);
        }
        assert_ptr_not_equal(shadow, &templates[i]);
    }
    gw_router_destroy(router);
    base_arena_dispose(&arena);
}

static void tells_what_is_never_reached(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(i);
    }
}

/* The longest template, every byte of its literals escaped in the path that is tried. */
static void the_longest_template_fits(void **state)
{
    (void)state;
    static char text[GW_TEMPLATE_BYTES_MAX];
    size_t len = 0;
    for (size_t i = 0; i < GW_TEMPLATE_SEGMENTS_MAX; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, i == 1 ? "/**" : "/*");
    }
    memset(text + len, 'a', sizeof text - len);
    text[len] = ':';
    struct base_arena arena;
    struct gw_router *router = gw_router_create();
    struct gw_template template;
    struct base_err err = {0};
    base_arena_init(&arena, 1 << 20);
    if (!gw_template_parse(base_str_make(text, sizeof text), &arena, &template, &err)) {
        fail_msg("%s", err.message);
    }
    assert_true(gw_router_add(router, BASE_STR("GET"), &template, &template, &err));
    assert_null(gw_shadow_find(router, BASE_STR("GET"), &template, &template));
    gw_router_destroy(router);
    base_arena_dispose(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_is_never_reached),
        cmocka_unit_test(the_longest_template_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
