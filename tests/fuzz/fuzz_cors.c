/* No origin gets more than the policy says, and nothing is echoed that is not a token or the
 * allowed origin itself. Input: four lines, the pattern of an origin, an Origin, a method, a list
 * of headers.
 */
#include "base/err.h"
#include "gateway/cors.h"
#include "gateway/token.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* Bytes of a pattern. */
enum { PATTERN_SIZE = 256 };

static void check_list(struct base_str list)
{
    FUZZ_CHECK(list.len > 0 && list.len <= GW_CORS_LIST_SIZE);
    while (list.len > 0) {
        struct base_str name = base_str_trim(fuzz_take_until(&list, ','));
        FUZZ_CHECK(gw_token_is_valid(name));
    }
}

static void check_answer(const struct gw_cors *cors, struct base_str origin)
{
    struct gw_header headers[GW_CORS_ANSWER_HEADERS_MAX];
    char list[GW_CORS_LIST_SIZE];
    size_t count = gw_cors_answer(cors, origin, NULL, list, headers);
    if (!gw_cors_allows(cors, origin)) {
        FUZZ_CHECK(count <= 1);
        return;
    }
    struct base_str allowed = headers[count - 1].value;
    FUZZ_CHECK(base_str_eq(allowed, BASE_STR("*")) || base_str_eq(allowed, origin));
    FUZZ_CHECK(memchr(origin.data, '\r', origin.len) == NULL ||
               base_str_eq(allowed, BASE_STR("*")));
}

static void check_preflight(const struct gw_cors *cors, const struct gw_preflight *preflight)
{
    struct gw_header headers[GW_CORS_PREFLIGHT_HEADERS_MAX];
    char list[GW_CORS_LIST_SIZE];
    size_t count = gw_cors_preflight(cors, preflight, (struct base_str){0}, list, headers);
    FUZZ_CHECK(count == 0 || gw_cors_allows(cors, preflight->origin));
    for (size_t i = 0; i < count; i++) {
        check_list(headers[i].value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct base_str rest = base_str_make((const char *)data, size);
    struct base_str text = fuzz_take_until(&rest, '\n');
    struct gw_preflight preflight = {.origin = fuzz_take_until(&rest, '\n'),
                                     .method = fuzz_take_until(&rest, '\n'),
                                     .headers = rest};
    char pattern[PATTERN_SIZE] = "";
    if (text.len >= sizeof pattern) {
        return 0;
    }
    memcpy(pattern, text.data, text.len);
    const char *const patterns[] = {pattern};
    const char *const names[] = {"X-One", "Grpc-Metadata-*"};
    struct base_err err = {0};
    struct gw_cors *cors = gw_cors_create(
        &(struct gw_cors_config){
            .origins = patterns, .origin_count = 1, .headers = names, .header_count = 2},
        &err);
    if (cors == NULL) {
        FUZZ_CHECK(err.code == BASE_INVALID_ARGUMENT && err.message[0] != '\0');
        return 0;
    }
    check_answer(cors, preflight.origin);
    check_preflight(cors, &preflight);
    gw_cors_destroy(cors);
    return 0;
}
