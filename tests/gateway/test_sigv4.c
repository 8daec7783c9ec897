/* Signatures that AWS publishes and that botocore makes; then everything that spoils one. */
#include "gateway/sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* 2015-08-30T12:36:00Z, the time of AWS's own test suite. */
#define DATE "20150830T123600Z"
#define DATE_S INT64_C(1440938160)

#define SCOPE "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
#define VANILLA "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
#define MISMATCH                                                                                   \
    "The request signature we calculated does not match the signature you provided. Check your "   \
    "secret access key and signing method."
#define UNREADABLE                                                                                 \
    "Authorization: expected AWS4-HMAC-SHA256 with Credential, SignedHeaders and Signature"

#define HEADERS_MAX 4

static const struct gw_sigv4_key key = {
    {"AKIDEXAMPLE", sizeof "AKIDEXAMPLE" - 1},
    {"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
     sizeof "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" - 1},
};

struct header {
    const char *name;
    const char *value;
};

struct sample {
    const char *name;
    const char *method;
    const char *path;
    const char *query;
    const char *authority;
    const char *body;
    struct header headers[HEADERS_MAX]; /* beside x-amz-date */
    const char *scope;
    const char *signed_headers;
    const char *signature;
};

static bool verify(const struct sample *sample, const char *authorization, int64_t now_s,
                   struct base_err *err)
{
    struct gw_header headers[HEADERS_MAX + 1] = {{BASE_STR("x-amz-date"), BASE_STR(DATE)}};
    size_t count = 1;
    for (size_t i = 0; i < HEADERS_MAX && sample->headers[i].name != NULL; i++) {
        headers[count++] = (struct gw_header){base_str_of(sample->headers[i].name),
                                              base_str_of(sample->headers[i].value)};
    }
    const struct gw_sigv4_request request = {
        .method = base_str_of(sample->method),
        .raw_path = base_str_of(sample->path),
        .raw_query = base_str_of(sample->query),
        .authority = base_str_of(sample->authority),
        .body = base_str_of(sample->body),
        .headers = headers,
        .header_count = count,
    };
    return gw_sigv4_verify(&key, &request, base_str_of(authorization), now_s, err);
}

static const char *authorization_of(const struct sample *sample)
{
    static char text[512];
    snprintf(text, sizeof text, "AWS4-HMAC-SHA256 Credential=%s, SignedHeaders=%s, Signature=%s",
             sample->scope, sample->signed_headers, sample->signature);
    return text;
}

/* The first is AWS's get-vanilla, the second its documentation's ListUsers; the others are what
 * Debian's botocore 1.29 signs at that time. */
static const struct sample samples[] = {
    {"vanilla",
     "GET",
     "/",
     "",
     "example.amazonaws.com",
     "",
     {{0}},
     SCOPE,
     "host;x-amz-date",
     VANILLA},
    {"documentation",
     "GET",
     "/",
     "Action=ListUsers&Version=2010-05-08",
     "iam.amazonaws.com",
     "",
     {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
     "AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request",
     "content-type;host;x-amz-date",
     "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
    {"query",
     "GET",
     "/apikeys",
     "limit=500&includeValues=true",
     "127.0.0.1:9901",
     "",
     {{"accept", "application/json"}},
     SCOPE,
     "accept;host;x-amz-date",
     "463137b3351ce557dbc220e7bd21723177a2578605b713338b5649b0dfe09399"},
    {"escapes in the query",
     "GET",
     "/apikeys",
     "name=a%20b%2Fc&limit=2",
     "127.0.0.1:9901",
     "",
     {{"accept", "application/json"}},
     SCOPE,
     "accept;host;x-amz-date",
     "31ceb2092aa858f2c1b6e87fe7f426d701b234f82447bf79316523d10bb9e4c4"},
    {"order of the query",
     "GET",
     "/apikeys",
     "b=2&b=1&a=&a-b=1&aa=1",
     "127.0.0.1:9901",
     "",
     {{0}},
     SCOPE,
     "host;x-amz-date",
     "13b60df27c6c4f84858fa5a0cf036937298031278ef1fb077fb0992cdbcc89ec"},
    {"body",
     "POST",
     "/apikeys",
     "",
     "127.0.0.1:9901",
     "{\"name\":\"x\"}",
     {{"accept", "application/json"}, {"content-type", "application/json"}},
     SCOPE,
     "accept;content-type;host;x-amz-date",
     "e621ed920cbb229387580d9fb007c0c9c823ffc9827afda56346c88f397c4b41"},
    {"import",
     "POST",
     "/apikeys",
     "mode=import&format=csv",
     "127.0.0.1:9901",
     "Name,key\n",
     {{"accept", "application/json"}},
     SCOPE,
     "accept;host;x-amz-date",
     "fc7302a0db6c8e88df7bcccdde80f55a582ab3fe830d4207bd49319dde6992af"},
    {"escapes in the path",
     "GET",
     "/usageplans/a%20b/keys/%C3%A4",
     "",
     "localhost",
     "",
     {{0}},
     SCOPE,
     "host;x-amz-date",
     "fcf8d5f40bcbedf4c281cafb2da72a9d95312620f940b12a48e37a123fd151e5"},
    {"dots in the path",
     "GET",
     "/a//b/../c/./d/",
     "",
     "localhost",
     "",
     {{0}},
     SCOPE,
     "host;x-amz-date",
     "3f8a2d5baa5c86ef40a318ef0cff16da4008b23036ffefb77ca2e10091e614dc"},
    {"spaces in a header",
     "DELETE",
     "/apikeys/abc",
     "",
     "localhost",
     "",
     {{"x-amz-meta", "  a   b  "}},
     SCOPE,
     "host;x-amz-date;x-amz-meta",
     "01626b0ea3e2f249067dd4ee763566304c513344959f2eb1e9b119f1c5294401"},
};

static void test_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct base_err err;
        if (!verify(&samples[i], authorization_of(&samples[i]), DATE_S, &err)) {
            fail_msg("%s: %s", samples[i].name, err.message);
        }
    }
}

/* What was signed is what was sent: each change of the request spoils the signature. */
static void test_changed_requests(void **state)
{
    (void)state;
    const struct sample *body = &samples[5];
    struct sample changed[7];
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        changed[i] = *body;
    }
    changed[0].method = "PUT";
    changed[1].path = "/apikeyz";
    changed[2].query = "mode=import";
    changed[3].authority = "127.0.0.1:9902";
    changed[4].body = "{\"name\":\"y\"}";
    changed[5].headers[1].value = "text/csv";
    changed[6].signature = "e621ed920cbb229387580d9fb007c0c9c823ffc9827afda56346c88f397c4b42";
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        struct base_err err;
        assert_false(verify(&changed[i], authorization_of(&changed[i]), DATE_S, &err));
        assert_int_equal(err.code, BASE_PERMISSION_DENIED);
        assert_string_equal(err.message, MISMATCH);
    }
}

static void test_clock(void **state)
{
    (void)state;
    static const struct {
        int64_t skew_s;
        const char *message; /* NULL: accepted */
    } rows[] = {
        {0, NULL},
        {900, NULL},
        {-900, NULL},
        {901, "Signature expired: X-Amz-Date is 901 seconds from this server's clock, and at most "
              "900 are allowed"},
        {-901, "Signature expired: X-Amz-Date is 901 seconds from this server's clock, and at most "
               "900 are allowed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_err err;
        bool ok = verify(&samples[0], authorization_of(&samples[0]), DATE_S + rows[i].skew_s, &err);
        assert_int_equal(ok, rows[i].message == NULL);
        if (!ok) {
            assert_int_equal(err.code, BASE_PERMISSION_DENIED);
            assert_string_equal(err.message, rows[i].message);
        }
    }
}

#define HEAD "AWS4-HMAC-SHA256 "
#define CREDENTIAL "Credential=" SCOPE
#define SIGNED "SignedHeaders=host;x-amz-date"
#define SIGNATURE "Signature=" VANILLA

static void test_authorizations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum base_code code;
        const char *message;
    } rows[] = {
        {HEAD CREDENTIAL "," SIGNED "," SIGNATURE, BASE_OK, ""},
        {HEAD SIGNATURE ",  " SIGNED " , " CREDENTIAL, BASE_OK, ""},
        {"", BASE_UNAUTHENTICATED, UNREADABLE},
        {"Bearer x", BASE_UNAUTHENTICATED, UNREADABLE},
        {HEAD, BASE_UNAUTHENTICATED, UNREADABLE},
        {HEAD CREDENTIAL "," SIGNED, BASE_UNAUTHENTICATED, UNREADABLE},
        {HEAD CREDENTIAL "," SIGNATURE, BASE_UNAUTHENTICATED, UNREADABLE},
        {HEAD SIGNED "," SIGNATURE, BASE_UNAUTHENTICATED, UNREADABLE},
        {HEAD CREDENTIAL "," SIGNED "," SIGNATURE "0", BASE_UNAUTHENTICATED, UNREADABLE},
        {HEAD CREDENTIAL "," SIGNED "," SIGNATURE ",More=1", BASE_UNAUTHENTICATED, UNREADABLE},
        {HEAD CREDENTIAL "/x," SIGNED "," SIGNATURE, BASE_UNAUTHENTICATED, UNREADABLE},
        {HEAD "Credential=AKIDEXAMPLE/201508/us-east-1/service/aws4_request," SIGNED "," SIGNATURE,
         BASE_UNAUTHENTICATED, UNREADABLE},
        {HEAD "Credential=OTHER/20150830/us-east-1/service/aws4_request," SIGNED "," SIGNATURE,
         BASE_UNAUTHENTICATED, "the access key id of the signature is not known here"},
        {HEAD "Credential=AKIDEXAMPLE/20150829/us-east-1/service/aws4_request," SIGNED
              "," SIGNATURE,
         BASE_UNAUTHENTICATED, "a signed request needs X-Amz-Date, on the day of its scope"},
        {HEAD "Credential=AKIDEXAMPLE/20150830/us-east-2/service/aws4_request," SIGNED
              "," SIGNATURE,
         BASE_PERMISSION_DENIED, MISMATCH},
        {HEAD CREDENTIAL ",SignedHeaders=host," SIGNATURE, BASE_PERMISSION_DENIED,
         "the signature must cover Host and every X-Amz-* header"},
        {HEAD CREDENTIAL ",SignedHeaders=x-amz-date," SIGNATURE, BASE_PERMISSION_DENIED,
         "the signature must cover Host and every X-Amz-* header"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_err err = {0};
        bool ok = verify(&samples[0], rows[i].text, DATE_S, &err);
        if (ok != (rows[i].code == BASE_OK) || err.code != rows[i].code ||
            strcmp(err.message, rows[i].message) != 0) {
            fail_msg("%s: %s", rows[i].text, ok ? "accepted" : err.message);
        }
    }
}

/* A stated hash is signed like any header, and must be that of the body besides. */
static void test_stated_hash(void **state)
{
    (void)state;
    struct sample stated = samples[0];
    stated.headers[0] = (struct header){"x-amz-content-sha256", "UNSIGNED-PAYLOAD"};
    stated.signed_headers = "host;x-amz-content-sha256;x-amz-date";
    struct base_err err;
    assert_false(verify(&stated, authorization_of(&stated), DATE_S, &err));
    assert_string_equal(err.message, "X-Amz-Content-Sha256 is not the hash of the body");
}

/* More than there is room for is refused, not cut. */
static void test_limits(void **state)
{
    (void)state;
    static char query[4 * (GW_SIGV4_PARAMETERS_MAX + 1)];
    static char path[GW_SIGV4_CANONICAL_BYTES_MAX + 2];
    for (size_t i = 0; i <= GW_SIGV4_PARAMETERS_MAX; i++) {
        memcpy(query + 4 * i, "a=1&", 4);
    }
    query[sizeof query - 1] = '\0';
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    struct sample large = samples[0];
    struct base_err err;
    large.query = query;
    assert_false(verify(&large, authorization_of(&large), DATE_S, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    large.query = "";
    large.path = path;
    assert_false(verify(&large, authorization_of(&large), DATE_S, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures),  cmocka_unit_test(test_changed_requests),
        cmocka_unit_test(test_clock),       cmocka_unit_test(test_authorizations),
        cmocka_unit_test(test_stated_hash), cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
