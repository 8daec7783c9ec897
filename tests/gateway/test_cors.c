#include "gateway/cors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TEXTS_MAX = 4 };

/* A policy, as it would be typed. */
struct policy {
    const char *origins[TEXTS_MAX];
    const char *headers[TEXTS_MAX];
    const char *exposed[TEXTS_MAX];
    bool credentials;
};

static size_t count_of(const char *const texts[TEXTS_MAX])
{
    size_t count = 0;
    while (count < TEXTS_MAX && texts[count] != NULL) {
        count++;
    }
    return count;
}

static struct gw_cors *create(const struct policy *policy, struct base_err *err)
{
    const struct gw_cors_config config = {
        .origins = policy->origins,
        .origin_count = count_of(policy->origins),
        .headers = policy->headers,
        .header_count = count_of(policy->headers),
        .exposed = policy->exposed,
        .exposed_count = count_of(policy->exposed),
        .credentials = policy->credentials,
        .max_age_s = 600,
    };
    return gw_cors_create(&config, err);
}

static struct gw_cors *must_create(const struct policy *policy)
{
    struct base_err err = {0};
    struct gw_cors *cors = create(policy, &err);
    if (cors == NULL) {
        fail_msg("%s: %s", policy->origins[0], err.message);
    }
    return cors;
}

/* Writes "name: value\n" for each. */
static void describe(const struct gw_header *headers, size_t count, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        len += (size_t)snprintf(out + len, size - len, "%.*s: %.*s\n",
                                BASE_STR_ARGS(headers[i].name), BASE_STR_ARGS(headers[i].value));
        assert_true(len < size);
    }
}

struct answered {
    struct gw_header_source source;
    const struct gw_header *next;
    const struct gw_header *end;
};

static bool next_header(struct gw_header_source *source, struct gw_header *out_header)
{
    struct answered *answered = (struct answered *)(void *)source;
    if (answered->next == answered->end) {
        return false;
    }
    *out_header = *answered->next++;
    return true;
}

#define EXAMPLE "https://app.example.com"
#define VARY "vary: Origin\n"
#define ORIGIN(origin) "access-control-allow-origin: " origin "\n"
#define CREDENTIALS "access-control-allow-credentials: true\n"
#define EXPOSE(names) "access-control-expose-headers: " names "\n"

static void test_answers(void **state)
{
    (void)state;
    static const struct gw_header answered_headers[] = {
        {{"content-type", 12}, {"application/json", 16}},
        {{"retry-after", 11}, {"1", 1}},
        {{"grpc-metadata-a", 15}, {"1", 1}},
        {{"grpc-metadata-b", 15}, {"1", 1}},
    };
    static const struct row {
        const char *name;
        struct policy policy;
        const char *origin;
        const char *expected;
    } rows[] = {
        {"allowed", {.origins = {EXAMPLE}}, EXAMPLE, VARY ORIGIN(EXAMPLE) EXPOSE("*")},
        {"the second of two",
         {.origins = {"http://localhost:3000", EXAMPLE}},
         EXAMPLE,
         VARY ORIGIN(EXAMPLE) EXPOSE("*")},
        {"by wildcard, echoed",
         {.origins = {"https://*.example.com"}},
         EXAMPLE,
         VARY ORIGIN(EXAMPLE) EXPOSE("*")},
        {"not allowed", {.origins = {EXAMPLE}}, "https://evil.org", VARY},
        {"no origin", {.origins = {EXAMPLE}}, "", VARY},
        {"null is not allowed by others", {.origins = {EXAMPLE}}, "null", VARY},
        {"null", {.origins = {"null"}}, "null", VARY ORIGIN("null") EXPOSE("*")},
        {"any", {.origins = {"*"}}, "https://evil.org", ORIGIN("*") EXPOSE("*")},
        {"any, null", {.origins = {"*"}}, "null", ORIGIN("*") EXPOSE("*")},
        {"any, without an origin", {.origins = {"*"}}, "", ORIGIN("*") EXPOSE("*")},
        {"any beside a name", {.origins = {EXAMPLE, "*"}}, EXAMPLE, ORIGIN("*") EXPOSE("*")},
        {"credentials: names in full",
         {.origins = {EXAMPLE}, .credentials = true},
         EXAMPLE,
         VARY ORIGIN(EXAMPLE)
             CREDENTIALS EXPOSE("content-type, retry-after, grpc-metadata-a, grpc-metadata-b")},
        {"credentials, not allowed",
         {.origins = {EXAMPLE}, .credentials = true},
         "https://evil.org",
         VARY},
        {"some are exposed",
         {.origins = {EXAMPLE}, .exposed = {"Retry-After", "X-Other"}},
         EXAMPLE,
         VARY ORIGIN(EXAMPLE) EXPOSE("Retry-After, X-Other")},
        {"by prefix, in any case",
         {.origins = {EXAMPLE}, .exposed = {"GRPC-Metadata-*", "Retry-After"}},
         EXAMPLE,
         VARY ORIGIN(EXAMPLE) EXPOSE("Retry-After, grpc-metadata-a, grpc-metadata-b")},
        {"by a prefix that none has",
         {.origins = {EXAMPLE}, .exposed = {"X-*"}},
         EXAMPLE,
         VARY ORIGIN(EXAMPLE)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gw_cors *cors = must_create(&rows[i].policy);
        struct answered answered = {{next_header}, answered_headers, answered_headers + 4};
        char list[GW_CORS_LIST_SIZE];
        struct gw_header headers[GW_CORS_ANSWER_HEADERS_MAX];
        size_t count =
            gw_cors_answer(cors, base_str_of(rows[i].origin), &answered.source, list, headers);
        char got[512];
        describe(headers, count, got, sizeof got);
        if (strcmp(got, rows[i].expected) != 0) {
            fail_msg("%s: expected\n%sgot\n%s", rows[i].name, rows[i].expected, got);
        }
        gw_cors_destroy(cors);
    }
}

#define METHODS(methods) "access-control-allow-methods: " methods "\n"
#define HEADERS(names) "access-control-allow-headers: " names "\n"
#define OWN "Authorization, Content-Type, Grpc-Timeout, X-Api-Key, X-Request-Id, X-Server-Timeout"
#define MAX_AGE "access-control-max-age: 600\n"

static const struct preflight_row {
    const char *name;
    struct policy policy;
    const char *origin;
    const char *method;
    const char *headers;
    const char *methods;
    const char *expected;
} preflight_rows[] = {
    {"allowed",
     {.origins = {EXAMPLE}},
     EXAMPLE,
     "PUT",
     "content-type,x-api-key",
     "PUT, OPTIONS",
     METHODS("PUT, OPTIONS") HEADERS(OWN) MAX_AGE},
    {"a method that the path has not",
     {.origins = {EXAMPLE}},
     EXAMPLE,
     "DELETE",
     "",
     "PUT, OPTIONS",
     METHODS("PUT, OPTIONS") HEADERS(OWN) MAX_AGE},
    {"a path that is not there",
     {.origins = {EXAMPLE}},
     EXAMPLE,
     "DELETE",
     "",
     "",
     METHODS("DELETE") HEADERS(OWN) MAX_AGE},
    {"no path, no method",
     {.origins = {EXAMPLE}},
     EXAMPLE,
     "DELETE, PUT",
     "",
     "",
     HEADERS(OWN) MAX_AGE},
    {"not allowed",
     {.origins = {EXAMPLE}},
     "https://evil.org",
     "PUT",
     "content-type",
     "PUT, OPTIONS",
     ""},
    {"any",
     {.origins = {"*"}},
     "https://evil.org",
     "PUT",
     "",
     "PUT, OPTIONS",
     METHODS("PUT, OPTIONS") HEADERS(OWN) MAX_AGE},
    {"metadata by prefix",
     {.origins = {EXAMPLE}},
     EXAMPLE,
     "GET",
     "grpc-metadata-a , Grpc-Metadata-B,,x-other",
     "GET, OPTIONS",
     METHODS("GET, OPTIONS") HEADERS(OWN ", grpc-metadata-a, Grpc-Metadata-B") MAX_AGE},
    {"what is no name is not echoed",
     {.origins = {EXAMPLE}},
     EXAMPLE,
     "GET",
     "grpc-metadata-a b,grpc-metadata-<c>",
     "GET, OPTIONS",
     METHODS("GET, OPTIONS") HEADERS(OWN) MAX_AGE},
    {"headers of the operator's",
     {.origins = {EXAMPLE}, .headers = {"X-One", "X-Two"}},
     EXAMPLE,
     "GET",
     "content-type",
     "GET, OPTIONS",
     METHODS("GET, OPTIONS") HEADERS("X-One, X-Two") MAX_AGE},
    {"all headers",
     {.origins = {EXAMPLE}, .headers = {"*"}, .credentials = true},
     EXAMPLE,
     "GET",
     "content-type,x-other",
     "GET, OPTIONS",
     METHODS("GET, OPTIONS") HEADERS("content-type, x-other") MAX_AGE},
    {"all headers, none asked for",
     {.origins = {EXAMPLE}, .headers = {"*"}},
     EXAMPLE,
     "PUT",
     "",
     "PUT, OPTIONS",
     METHODS("PUT, OPTIONS") MAX_AGE},
};

static void test_preflights(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof preflight_rows / sizeof *preflight_rows; i++) {
        const struct preflight_row *row = &preflight_rows[i];
        struct gw_cors *cors = must_create(&row->policy);
        const struct gw_preflight preflight = {
            .origin = base_str_of(row->origin),
            .method = base_str_of(row->method),
            .headers = base_str_of(row->headers),
        };
        char list[GW_CORS_LIST_SIZE];
        struct gw_header headers[GW_CORS_PREFLIGHT_HEADERS_MAX];
        size_t count =
            gw_cors_preflight(cors, &preflight, base_str_of(row->methods), list, headers);
        char got[512];
        describe(headers, count, got, sizeof got);
        if (strcmp(got, row->expected) != 0) {
            fail_msg("%s: expected\n%sgot\n%s", row->name, row->expected, got);
        }
        gw_cors_destroy(cors);
    }
}

/* Every name that is asked for is answered or left out whole, however many there are. */
static void test_list_is_full(void **state)
{
    (void)state;
    struct gw_cors *cors = must_create(&(struct policy){.origins = {"*"}, .headers = {"*"}});
    char requested[4 * GW_CORS_LIST_SIZE] = "";
    for (size_t len = 0; len + 16 < sizeof requested; len += strlen(requested + len)) {
        snprintf(requested + len, 16, "%sx-name-%04zu", len == 0 ? "" : ",", len);
    }
    const struct gw_preflight preflight = {BASE_STR(EXAMPLE), BASE_STR("GET"),
                                           base_str_of(requested)};
    char list[GW_CORS_LIST_SIZE];
    struct gw_header headers[GW_CORS_PREFLIGHT_HEADERS_MAX];
    assert_int_equal(gw_cors_preflight(cors, &preflight, BASE_STR("GET"), list, headers), 3);
    struct base_str value = headers[1].value;
    size_t one = sizeof "x-name-0000" - 1;
    size_t names = (GW_CORS_LIST_SIZE + 2) / (one + 2);
    assert_int_equal(value.len, names * (one + 2) - 2);
    assert_memory_equal(value.data + value.len - one, "x-name-", 7);
    gw_cors_destroy(cors);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct row {
        struct policy policy;
        const char *expected;
    } rows[] = {
        {{.origins = {EXAMPLE, "example.com"}},
         "origin \"example.com\": expected scheme://host, as in https://app.example.com"},
        {{.origins = {"*"}, .credentials = true},
         "credentials cannot go with the origin \"*\", which any site can be: name the origins"},
        {{.origins = {EXAMPLE, "*"}, .credentials = true},
         "credentials cannot go with the origin \"*\", which any site can be: name the origins"},
        {{.origins = {"null"}, .credentials = true},
         "credentials cannot go with the origin \"null\", which any site can be: name the origins"},
        {{.origins = {EXAMPLE}, .headers = {"a b"}}, "\"a b\" is not the name of a header"},
        {{.origins = {EXAMPLE}, .headers = {"a:"}}, "\"a:\" is not the name of a header"},
        {{.origins = {EXAMPLE}, .headers = {""}}, "\"\" is not the name of a header"},
        {{.origins = {EXAMPLE}, .exposed = {"a,b"}}, "\"a,b\" is not the name of a header"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_err err = {0};
        assert_null(create(&rows[i].policy, &err));
        assert_string_equal(err.message, rows[i].expected);
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    }
}

static void test_limits(void **state)
{
    (void)state;
    const char *texts[GW_CORS_ORIGINS_MAX + 1];
    for (size_t i = 0; i <= GW_CORS_ORIGINS_MAX; i++) {
        texts[i] = EXAMPLE;
    }
    struct gw_cors_config config = {.origins = texts, .origin_count = GW_CORS_ORIGINS_MAX};
    struct base_err err = {0};
    struct gw_cors *cors = gw_cors_create(&config, &err);
    assert_non_null(cors);
    gw_cors_destroy(cors);
    config.origin_count++;
    assert_null(gw_cors_create(&config, &err));
    assert_string_equal(err.message, "expected at most 64 origins");

    config.origin_count = 1;
    for (size_t i = 0; i <= GW_CORS_NAMES_MAX; i++) {
        texts[i] = i == 0 ? EXAMPLE : "X-A";
    }
    config.headers = texts + 1;
    config.header_count = GW_CORS_NAMES_MAX;
    cors = gw_cors_create(&config, &err);
    assert_non_null(cors);
    gw_cors_destroy(cors);
    config.header_count++;
    assert_null(gw_cors_create(&config, &err));
    assert_string_equal(err.message, "expected at most 64 headers, found 65");

    char name[GW_CORS_LIST_SIZE + 2];
    memset(name, 'x', sizeof name);
    name[GW_CORS_LIST_SIZE] = '\0';
    texts[1] = name;
    config.header_count = 1;
    cors = gw_cors_create(&config, &err);
    assert_non_null(cors);
    gw_cors_destroy(cors);
    name[GW_CORS_LIST_SIZE] = 'x';
    name[GW_CORS_LIST_SIZE + 1] = '\0';
    assert_null(gw_cors_create(&config, &err));
    assert_string_equal(err.message, "the names of headers have more than 1024 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),      cmocka_unit_test(test_preflights),
        cmocka_unit_test(test_list_is_full), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
