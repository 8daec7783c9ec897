/* Template: what parses, to what, and what is refused with which words. The rows cover the cases of
 * the reference implementations' own parser tests; where those disagree, the comment says whom we
 * follow. */
#include "gateway/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Writes a template as one line: segments, " name=first+count" with "m" for multi, " :verb". */
static void describe(const struct gw_template *template, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < template->segment_count; i++) {
        const struct gw_segment *segment = &template->segments[i];
        static const char *const wildcards[] = {[GW_STAR] = "*", [GW_DOUBLE_STAR] = "**"};
        if (segment->kind == GW_LITERAL) {
            len += (size_t)snprintf(out + len, size - len, "/\"%.*s\"",
                                    BASE_STR_ARGS(segment->literal));
        } else {
            len += (size_t)snprintf(out + len, size - len, "/%s", wildcards[segment->kind]);
        }
    }
    for (size_t i = 0; i < template->variable_count; i++) {
        const struct gw_variable *variable = &template->variables[i];
        len += (size_t)snprintf(out + len, size - len, " %.*s=%zu+%zu%s",
                                BASE_STR_ARGS(variable->field_path), variable->first_segment,
                                variable->segment_count, variable->is_multi ? "m" : "");
    }
    if (template->verb.len > 0) {
        (void)snprintf(out + len, size - len, " :%.*s", BASE_STR_ARGS(template->verb));
    }
}

struct valid_row {
    const char *rule;
    const char *text;
    const char *want;
};

static const struct valid_row valid_rows[] = {
    {"the root has no segments", "/", ""},
    {"one segment, any", "/*", "/*"},
    {"any number of segments", "/**", "/**"},
    {"a literal", "/v1", "/\"v1\""},
    {"two literals", "/v1/b", "/\"v1\"/\"b\""},
    {"a variable alone is one segment", "/shelves/{shelf}/books/{book}",
     "/\"shelves\"/*/\"books\"/* shelf=1+1 book=3+1"},
    {"\"**\" behind a literal", "/shelves/**", "/\"shelves\"/**"},
    {"\"**\" behind \"*\"", "/*/**", "/*/**"},
    {"a literal between wildcards", "/*/a/**", "/*/\"a\"/**"},
    {"a variable names a field of a field", "/a/{a.b.c}", "/\"a\"/* a.b.c=1+1"},
    {"\"{x}\" is \"{x=*}\"", "/a/{a.b.c=*}", "/\"a\"/* a.b.c=1+1"},
    {"a variable of \"**\" is multi", "/a/{b=**}", "/\"a\"/** b=1+1m"},
    {"a variable of two segments is multi", "/a/{b=c/*}", "/\"a\"/\"c\"/* b=1+2m"},
    {"a variable ends in a literal", "/a/{b=c/*/d}", "/\"a\"/\"c\"/*/\"d\" b=1+3m"},
    {"segments behind a variable of \"**\"", "/a/{b=c/**}/d/e",
     "/\"a\"/\"c\"/**/\"d\"/\"e\" b=1+2m"},
    {"segments behind \"**\" in a variable", "/a/{b=c/**/d}/e:verb",
     "/\"a\"/\"c\"/**/\"d\"/\"e\" b=1+3m :verb"},
    {"a variable of one literal is not multi", "/a/{var=b}", "/\"a\"/\"b\" var=1+1"},
    {"a variable of literals", "/a/{var=b/c/d}", "/\"a\"/\"b\"/\"c\"/\"d\" var=1+3m"},
    {"a variable begins with a wildcard", "/{x.y.z=*/a/b}/c", "/*/\"a\"/\"b\"/\"c\" x.y.z=0+3m"},
    {"a variable of two wildcards", "/{x.y.z=*/*}:verb", "/*/* x.y.z=0+2m :verb"},
    {"a name may be an underscore", "/{_}", "/* _=0+1"},
    {"names have digits and capitals", "/{a_1}/{A2}", "/*/* a_1=0+1 A2=1+1"},
    {"all of it at once", "/v1/{bucket_name=buckets/*}/{name=objects/**/.ext}/tail:LOCK",
     "/\"v1\"/\"buckets\"/*/\"objects\"/**/\".ext\"/\"tail\" bucket_name=1+2m name=3+3m :LOCK"},
    /* verbs */
    {"a verb behind a literal", "/a:foo", "/\"a\" :foo"},
    {"a verb behind the last of several", "/a/b/c:foo", "/\"a\"/\"b\"/\"c\" :foo"},
    {"a verb behind \"*\"", "/*:verb", "/* :verb"},
    {"a verb behind \"**\"", "/**:verb", "/** :verb"},
    {"a verb behind a variable", "/{a}:verb", "/* a=0+1 :verb"},
    {"a verb behind a variable of \"**\"", "/{x=**}:myverb", "/** x=0+1m :myverb"},
    {"a verb behind a wildcard and a variable", "/a/{b=*}/**:verb", "/\"a\"/*/** b=1+1 :verb"},
    /* characters and escapes */
    {"RFC 3986 pchar", "/-._~!$&'()*+,;=:@", "/\"-._~!$&'()*+,;=\" :@"},
    {"escapes of UTF-8", "/%e7%ac%ac%e4%b8%80", "/\"\347\254\254\344\270\200\""},
    {"escaped slashes and stars are text", "/foo%2Fbar/%2A/%2A%2a/{starstar=%2A%2a/**}:%2c",
     "/\"foo/bar\"/\"*\"/\"**\"/\"**\"/** starstar=3+2m :,"},
    {"escapes in a verb", "/foo/bar:baz%12xyz%abcde", "/\"foo\"/\"bar\" :baz\022xyz\253cde"},
    {"an escaped colon starts no verb", "/v1/a%3Ab", "/\"v1\"/\"a:b\""},
    /* Colons that start no verb belong to their literal, as grpc-gateway reads them and
     * grpc-httpjson-transcoding, vanguard-go and ESPv2 refuse. */
    {"a colon inside a variable", "/v1/{name=segment/wi:th}",
     "/\"v1\"/\"segment\"/\"wi:th\" name=1+2m"},
    {"a colon at a variable's end", "/a/{x=var:verb}", "/\"a\"/\"var:verb\" x=1+1"},
    {"a colon in the middle", "/foo/bar:baz/buzz", "/\"foo\"/\"bar:baz\"/\"buzz\""},
    {"a colon in the middle, and a verb", "/v1/a=b&c=d;e=f:g/endpoint.rdf:LOCK",
     "/\"v1\"/\"a=b&c=d;e=f:g\"/\"endpoint.rdf\" :LOCK"},
    {"of a last literal the last colon", "/a:b:c", "/\"a:b\" :c"},
    {"behind a variable the first colon", "/v1/{name}:bla:baa", "/\"v1\"/* name=1+1 :bla:baa"},
    {"behind a wildcard the first colon", "/**:b:c", "/** :b:c"},
    /* "**" before other segments: grpc-gateway takes wildcards behind it, vanguard-go and
     * grpc-httpjson-transcoding do not; the position of one "**" is no ambiguity. */
    {"a literal behind \"**\"", "/foo/**/bar", "/\"foo\"/**/\"bar\""},
    {"\"*\" behind \"**\"", "/a/**/*", "/\"a\"/**/*"},
    {"both behind \"**\"", "/a/**/foo/*", "/\"a\"/**/\"foo\"/*"},
    /* "*" is a character of RFC 3986's pchar; only vanguard-go refuses it inside a literal. */
    {"a star that does not begin its segment", "/foo/bar*", "/\"foo\"/\"bar*\""},
};

static void test_valid(void **state)
{
    (void)state;
    struct base_arena arena;
    base_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof valid_rows / sizeof valid_rows[0]; i++) {
        const struct valid_row *row = &valid_rows[i];
        struct gw_template template;
        struct base_err err = {0};
        if (!gw_template_parse(base_str_of(row->text), &arena, &template, &err)) {
            fail_msg("%s: %s: %s", row->rule, row->text, err.message);
        }
        char got[1024];
        describe(&template, got, sizeof got);
        if (strcmp(got, row->want) != 0) {
            fail_msg("%s: %s\n got %s\nwant %s", row->rule, row->text, got, row->want);
        }
        assert_true(base_str_eq(template.text, base_str_of(row->text)));
    }
    base_arena_dispose(&arena);
}

struct invalid_row {
    const char *text;
    size_t at;
    const char *reason;
};

#define NO_SEGMENT "expected a segment"
#define NO_SLASH "expected \"/\""
#define NO_END "expected \"/\", \":\" or the end"
#define NO_VERB "expected a verb after \":\", found the end"
#define NO_NAME "expected a field name"
#define NO_BRACE "expected \"}\""
#define NESTED "a variable may not stand inside a variable"
#define TWO_STARS "\"**\" may stand in a template only once"
#define ODD_STARS "a wildcard stands alone in its segment (a literal \"*\" is \"%2A\")"
#define BAD_ESCAPE "expected two hexadecimal digits after \"%\""
#define ODD_COLON "a verb neither begins nor ends with \":\""
#define TWICE "a variable of this name stands before"

static const struct invalid_row invalid_rows[] = {
    {"", 0, NO_SLASH},
    {":", 0, NO_SLASH},
    {":verb", 0, NO_SLASH},
    {"a", 0, NO_SLASH},
    {"{x}", 0, NO_SLASH},
    {"{x=/a/b}", 0, NO_SLASH},
    {"a/{x}/b:verb", 0, NO_SLASH},
    {"v1/{name}", 0, NO_SLASH},
    {"//", 1, NO_SEGMENT},
    {"///", 1, NO_SEGMENT}, /* grpc-gateway takes empty segments */
    {"/a/", 3, NO_SEGMENT},
    {"/a//b", 3, NO_SEGMENT},
    {"/foo/bar/", 9, NO_SEGMENT},
    {"/:verb", 1, NO_SEGMENT},
    {"/:LOCK", 1, NO_SEGMENT}, /* http.proto wants a segment; grpc-gateway does not */
    {"/:", 1, NO_SEGMENT},
    {"/a/:verb", 3, NO_SEGMENT},
    {"/a/:", 3, NO_SEGMENT},
    {"/a?b", 2, NO_END},
    {"/foo/bar/baz?abc=def", 12, NO_END},
    {"/foo/bar/baz buzz", 12, NO_END},
    {"/caf\xc3\xa9", 4, NO_END},
    {"/a:", 3, NO_VERB},
    {"/*:", 3, NO_VERB}, /* grpc-gateway takes an empty verb as part of the value */
    {"/**:", 4, NO_VERB},
    {"/{var}:", 7, NO_VERB},
    {"/a/b/{var}:", 11, NO_VERB},
    {"/a/{b=*}/**:", 12, NO_VERB},
    {"/{var}::", 7, ODD_COLON},
    {"/{var}:a:", 7, ODD_COLON},
    {"/{var}:a/b", 8, "expected the verb to go on to the end"},
    {"/{}", 2, NO_NAME},
    {"/{{", 2, NO_NAME},
    {"/{{var}}", 2, NO_NAME},
    {"/a/{", 4, NO_NAME},
    {"/a/{var.", 8, NO_NAME},
    {"/{name.}", 7, NO_NAME},
    {"/{name..nested}", 7, NO_NAME},
    {"/{.a}", 2, NO_NAME},
    {"/{1}", 2, NO_NAME},
    {"/{field.1}", 8, NO_NAME},
    {"/{-}", 2, NO_NAME},
    {"/{ a}", 2, NO_NAME},
    {"/{field-}", 7, NO_BRACE},
    {"/{field-name}", 7, NO_BRACE},
    {"/foo/{bar/baz}/buzz", 9, NO_BRACE},
    {"/{var/a", 5, NO_BRACE},
    {"/a/{var", 7, NO_BRACE},
    {"/{name=*", 8, NO_BRACE},
    {"/{name=", 7, NO_SEGMENT},
    {"/{name=}", 7, NO_SEGMENT},
    {"/{name=a/}", 9, NO_SEGMENT},
    {"/a/{var=/b}", 8, NO_SEGMENT},
    {"/{var=a/{nested=b}}", 8, NESTED},
    {"/{outer={inner}/suffix}", 8, NESTED}, /* vanguard-go nests */
    {"/a{x}", 2, NO_END},
    {"/{x}a", 4, NO_END},
    {"/{x}a{y}", 4, NO_END},
    {"/a/b{x}c/s", 4, NO_END},
    {"/a/{x}b{y}/s", 6, NO_END},
    {"/{x}{y}", 4, NO_END},
    {"/a}", 2, NO_END},
    {"/a/**/**", 6, TWO_STARS},
    {"/a/**/foo/**", 10, TWO_STARS},
    {"/{a=**}/{b=**}", 11, TWO_STARS},
    {"/{a=**/x/**}", 9, TWO_STARS},
    {"/foo/bar/***", 9, ODD_STARS},
    {"/*foo", 1, ODD_STARS},
    {"/**foo", 1, ODD_STARS},
    {"/{a=*b}", 4, ODD_STARS},
    {"/%", 1, BAD_ESCAPE},
    {"/%2", 1, BAD_ESCAPE},
    {"/a%2z", 2, BAD_ESCAPE},
    {"/foo/bar%55:baz%1", 15, BAD_ESCAPE},
    {"/{a=%x}", 4, BAD_ESCAPE},
    {"/{a}/{a}", 6, TWICE},
    {"/{a.b}/x/{a.b=**}", 10, TWICE},
};

static void test_invalid(void **state)
{
    (void)state;
    struct base_arena arena;
    base_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof invalid_rows / sizeof invalid_rows[0]; i++) {
        const struct invalid_row *row = &invalid_rows[i];
        struct gw_template template;
        struct base_err err = {0};
        if (gw_template_parse(base_str_of(row->text), &arena, &template, &err)) {
            fail_msg("%s parses", row->text);
        }
        char want[256];
        (void)snprintf(want, sizeof want, "path template \"%s\" at byte %zu: %s", row->text,
                       row->at, row->reason);
        assert_string_equal(err.message, want);
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    }
    base_arena_dispose(&arena);
}

/* Writes "/a/a..." of `count` segments. */
static struct base_str repeat(char *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(out + 2 * i, "/a", 2);
    }
    return base_str_make(out, 2 * count);
}

static void test_limits(void **state)
{
    (void)state;
    struct base_arena arena;
    base_arena_init(&arena, 1 << 20);
    struct gw_template template;
    struct base_err err = {0};
    char text[GW_TEMPLATE_BYTES_MAX + 2];

    struct base_str most = repeat(text, GW_TEMPLATE_SEGMENTS_MAX);
    assert_true(gw_template_parse(most, &arena, &template, &err));
    assert_int_equal(template.segment_count, GW_TEMPLATE_SEGMENTS_MAX);
    assert_false(
        gw_template_parse(repeat(text, GW_TEMPLATE_SEGMENTS_MAX + 1), &arena, &template, &err));
    assert_non_null(strstr(err.message, " at byte 129: too many segments"));

    size_t len = 0;
    for (int i = 0; i <= GW_TEMPLATE_VARIABLES_MAX; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "/{v%d}", i);
    }
    assert_false(gw_template_parse(base_str_make(text, len), &arena, &template, &err));
    assert_non_null(strstr(err.message, ": too many variables"));

    memset(text, 'a', sizeof text);
    text[0] = '/';
    assert_true(
        gw_template_parse(base_str_make(text, GW_TEMPLATE_BYTES_MAX), &arena, &template, &err));
    assert_false(
        gw_template_parse(base_str_make(text, GW_TEMPLATE_BYTES_MAX + 1), &arena, &template, &err));
    assert_string_equal(err.message, "path template of 2049 bytes; at most 2048 are allowed");
    /* A long template does not push the reason out of the message. */
    text[GW_TEMPLATE_BYTES_MAX - 1] = '?';
    assert_false(
        gw_template_parse(base_str_make(text, GW_TEMPLATE_BYTES_MAX), &arena, &template, &err));
    assert_non_null(strstr(err.message, "\" at byte 2047: " NO_END));
    base_arena_dispose(&arena);
}

static void test_full_arena(void **state)
{
    (void)state;
    struct base_str text = base_str_of("/a/{b=c/**}:verb");
    for (size_t cap = 0; cap < 2000; cap += 8) {
        struct base_arena arena;
        base_arena_init(&arena, cap);
        struct gw_template template;
        struct base_err err = {0};
        if (!gw_template_parse(text, &arena, &template, &err)) {
            assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
            assert_string_equal(err.message, "path templates take too much memory");
        }
        base_arena_dispose(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_full_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
