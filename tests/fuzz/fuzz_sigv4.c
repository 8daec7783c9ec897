/* No request that is not signed is taken, and any text is read without harm. Input: the
 * Authorization header, a line "METHOD PATH?QUERY", and the body. */
#include "gateway/sigv4.h"
#include "tests/fuzz/fuzz.h"

/* Takes what stands before the first `end`. */
static struct base_str take(struct base_str *rest, char end)
{
    const char *found = rest->len == 0 ? NULL : memchr(rest->data, end, rest->len);
    size_t len = found == NULL ? rest->len : (size_t)(found - rest->data);
    struct base_str taken = base_str_make(rest->data, len);
    size_t used = found == NULL ? len : len + 1;
    *rest = base_str_make(rest->data + used, rest->len - used);
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct gw_sigv4_key key = {{"AKIDEXAMPLE", 11}, {"secret", 6}};
    static const struct gw_header headers[] = {
        {{"x-amz-date", 10}, {"20150830T123600Z", 16}},
        {{"accept", 6}, {" a   b ", 7}},
    };
    struct base_str rest = {(const char *)data, size};
    struct base_str authorization = take(&rest, '\n');
    struct base_str line = take(&rest, '\n');
    struct gw_sigv4_request request = {
        .authority = BASE_STR("localhost"),
        .body = rest,
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
    };
    request.method = take(&line, ' ');
    request.raw_path = take(&line, '?');
    request.raw_query = line;
    struct base_err err = {0};
    FUZZ_CHECK(!gw_sigv4_verify(&key, &request, authorization, INT64_C(1440938160), &err));
    FUZZ_CHECK(err.code == BASE_UNAUTHENTICATED || err.code == BASE_PERMISSION_DENIED ||
               err.code == BASE_RESOURCE_EXHAUSTED);
    return 0;
}
