/* A number key stands in its token as decimal text, so both kinds are text in base64url. Only the
 * one spelling that encoding gives is read back: a token that differs from it was not ours. */
#include "server/page.h"

#include "base/base64.h"
#include "base/decimal.h"
#include "base/utf8.h"
#include "server/validation.h"

#include <inttypes.h>
#include <stdio.h>

/* The largest key of a number, as the header says. */
#define NUMBER_MAX INT64_C(999999999999999999)

#define ENCODED_BYTES_MAX ((SRV_STORE_KEY_BYTES_MAX * 4 + 2) / 3)

/* Reads a token into a key whose text stands in `out_text`. */
static bool read_token(const char *token, enum srv_key_kind kind,
                       char out_text[SRV_STORE_KEY_BYTES_MAX], struct srv_key *out_key)
{
    struct base_str encoded = {token, strnlen(token, ENCODED_BYTES_MAX + 1)};
    struct base_str text = {.data = out_text};
    if (encoded.len > ENCODED_BYTES_MAX || !base_base64_decode(encoded, out_text, &text.len)) {
        return false;
    }
    char again[ENCODED_BYTES_MAX + 1];
    *base_base64_encode_url(text, again) = '\0';
    if (text.len == 0 || strcmp(again, token) != 0) {
        return false;
    }
    *out_key = srv_key_text(text);
    out_key->kind = kind;
    if (kind == SRV_KEY_NUMBER) {
        bool is_shortest = text.len == 1 || text.data[0] != '0';
        return is_shortest && base_decimal_read_whole(text, NUMBER_MAX, &out_key->number);
    }
    return base_utf8_valid(text) && memchr(text.data, '\0', text.len) == NULL;
}

bool srv_page_request_read(struct rpc_context *ctx, int32_t page_size, const char *page_token,
                           enum srv_key_kind kind, size_t limit_default,
                           struct srv_page_request *out_request, struct base_err *err)
{
    struct srv_validation validation;
    srv_validation_init(&validation, ctx);
    if (page_size < 0) {
        srv_validation_add(&validation, "page_size", "page_size: at least 0, got %" PRId32,
                           page_size);
    }
    struct srv_page_request request = {
        .limit = page_size == 0 ? limit_default : (size_t)page_size,
        .has_after = page_token[0] != '\0',
    };
    if (request.limit > SRV_STORE_LIST_MAX) {
        request.limit = SRV_STORE_LIST_MAX;
    }
    if (request.has_after) {
        char *text = rpc_context_alloc(ctx, SRV_STORE_KEY_BYTES_MAX, err);
        if (text == NULL) {
            return false;
        }
        if (!read_token(page_token, kind, text, &request.after)) {
            srv_validation_add(&validation, "page_token",
                               "page_token: not a token that a list has answered");
        }
    }
    if (!srv_validation_end(&validation, err)) {
        return false;
    }
    *out_request = request;
    return true;
}

bool srv_page_token(struct rpc_context *ctx, const struct srv_page *page, char **out_token,
                    struct base_err *err)
{
    if (!page->has_more) {
        *out_token = (char *)protobuf_c_empty_string;
        return true;
    }
    if (page->count == 0) { /* a database that says so must not end the server */
        return base_err_set(err, BASE_INTERNAL, "a page of nothing has more behind it");
    }
    struct srv_key key = page->documents[page->count - 1].key;
    char digits[sizeof "-9223372036854775808"];
    if (key.kind == SRV_KEY_NUMBER) {
        snprintf(digits, sizeof digits, "%" PRId64, key.number);
        key.text = base_str_of(digits);
    }
    char *token = rpc_context_alloc(ctx, (key.text.len * 4 + 2) / 3 + 1, err);
    if (token == NULL) {
        return false;
    }
    *base_base64_encode_url(key.text, token) = '\0';
    *out_token = token;
    return true;
}
