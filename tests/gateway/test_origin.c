#include "gateway/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_matches(void **state)
{
    (void)state;
    static const struct row {
        const char *pattern;
        const char *origin;
        bool expected;
    } rows[] = {
        {"https://app.example.com", "https://app.example.com", true},
        {"https://app.example.com", "http://app.example.com", false},
        {"https://app.example.com", "https://app.example.com:8443", false},
        {"https://app.example.com", "https://app.example.com.evil.org", false},
        {"https://app.example.com", "https://App.example.com", false},
        {"https://app.example.com", "https://app.example.com/", false},
        {"https://app.example.com", "null", false},
        {"http://localhost:3000", "http://localhost:3000", true},
        {"http://localhost:3000", "http://localhost:30000", false},
        {"http://localhost", "http://localhost", true},
        {"http://127.0.0.1:65535", "http://127.0.0.1:65535", true},
        {"http://[::1]:8080", "http://[::1]:8080", true},
        {"http://[::1]", "http://[::1]", true},
        {"https://xn--bcher-kva.example", "https://xn--bcher-kva.example", true},
        {"http://a_b.example", "http://a_b.example", true},
        {"http://a.example:443", "http://a.example:443", true},
        {"https://a.example:80", "https://a.example:80", true},
        {"chrome-extension://abcdef", "chrome-extension://abcdef", true},
        {"null", "null", true},
        {"null", "https://null", false},
        {"https://*.example.com", "https://a.example.com", true},
        {"https://*.example.com", "https://a-1_b.example.com", true},
        {"https://*.example.com", "https://example.com", false},
        {"https://*.example.com", "https://.example.com", false},
        {"https://*.example.com", "https://a.b.example.com", false},
        {"https://*.example.com", "https://a.example.com:8443", false},
        {"https://*.example.com", "http://a.example.com", false},
        {"https://*.example.com", "https://evil.org/.example.com", false},
        {"https://*.example.com", "https://evil.org:80.example.com", false},
        {"https://*.example.com", "https://evil.org#.example.com", false},
        {"https://*.example.com", "https://aexample.com", false},
        {"https://*.example.com", "https://A.example.com", false},
        {"https://*.example.com", "https://*.example.com", false},
        {"https://*.example.com", "https:/", false},
        {"https://*.example.com:8443", "https://a.example.com:8443", true},
        {"https://*.example.com:8443", "https://a.example.com", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gw_origin pattern;
        struct base_err err = {0};
        if (!gw_origin_parse(base_str_of(rows[i].pattern), &pattern, &err)) {
            fail_msg("%s: %s", rows[i].pattern, err.message);
        }
        if (gw_origin_matches(&pattern, base_str_of(rows[i].origin)) != rows[i].expected) {
            fail_msg("%s and %s: expected %s", rows[i].pattern, rows[i].origin,
                     rows[i].expected ? "a match" : "none");
        }
    }
}

#define NO_SCHEME "expected scheme://host, as in https://app.example.com"
#define BAD_SCHEME "expected a scheme in lower case, as in https://app.example.com"
#define BAD_HOST                                                                                   \
    "expected a host as browsers write it: in lower case, and in its xn-- form where it is not "   \
    "ASCII"
#define BAD_PORT "expected a port from 1 to 65535"
#define OWN_PORT "browsers leave out the port that is the scheme's own"
#define BAD_STAR                                                                                   \
    "\"*\" stands for the whole first label of a host only, as in https://*.example.com"
#define HAS_PATH "an origin ends with its host or port, without \"/\" or a path"

static void test_refused(void **state)
{
    (void)state;
    static const struct row {
        const char *text;
        const char *expected; /* behind: origin "...": */
    } rows[] = {
        {"", NO_SCHEME},
        {"example.com", NO_SCHEME},
        {"//example.com", NO_SCHEME},
        {"https:/example.com", NO_SCHEME},
        {"Null", NO_SCHEME},
        {"://example.com", BAD_SCHEME},
        {"HTTPS://example.com", BAD_SCHEME},
        {"*://example.com", BAD_SCHEME},
        {"https://", BAD_HOST},
        {"https://Example.com", BAD_HOST},
        {"https://b\xC3\xBC"
         "cher.example",
         BAD_HOST},
        {"https://user@example.com", BAD_HOST},
        {"https://.example.com", BAD_HOST},
        {"https://example.com.", BAD_HOST},
        {"https://a..b", BAD_HOST},
        {"https://a b", BAD_HOST},
        {"https://[::1", BAD_HOST},
        {"https://[::G]", BAD_HOST},
        {"https://*.", BAD_HOST},
        {"https://:8080", BAD_HOST},
        {"https://example.com/", HAS_PATH},
        {"https://example.com/app", HAS_PATH},
        {"https://example.com:8443/", HAS_PATH},
        {"https://*.example.com/", HAS_PATH},
        {"https://example.com:", BAD_PORT},
        {"https://example.com:0", BAD_PORT},
        {"https://example.com:08", BAD_PORT},
        {"https://example.com:65536", BAD_PORT},
        {"https://example.com:655350", BAD_PORT},
        {"https://example.com:http", BAD_PORT},
        {"https://example.com:*", BAD_PORT},
        {"https://example.com:443", OWN_PORT},
        {"http://*.example.com:80", OWN_PORT},
        {"https://*", BAD_STAR},
        {"https://*:8443", BAD_STAR},
        {"https://a.*.com", BAD_STAR},
        {"https://a*.example.com", BAD_STAR},
        {"https://*a.example.com", BAD_STAR},
        {"https://*.*.example.com", BAD_STAR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gw_origin pattern;
        struct base_err err = {0};
        char expected[256];
        snprintf(expected, sizeof expected, "origin \"%s\": %s", rows[i].text, rows[i].expected);
        if (gw_origin_parse(base_str_of(rows[i].text), &pattern, &err)) {
            fail_msg("\"%s\" was accepted", rows[i].text);
        }
        assert_string_equal(err.message, expected);
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
