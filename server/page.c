/* A number key stands in its token as decimal text, so both kinds are text in base64url. Only the
 * one spelling that encoding gives is read back: a token that differs from it was not ours. */
#include "server/page.h"

#include "base/utf8.h"
#include "server/validation.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* Digits that never overflow an int64_t. */
#define NUMBER_DIGITS_MAX 18

#define ENCODED_BYTES_MAX ((SRV_STORE_KEY_BYTES_MAX * 4 + 2) / 3)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Writes (4 * len + 2) / 3 characters and a NUL. */
static void encode(struct base_str bytes, char *out)
{
    unsigned held = 0; /* bits not yet written, the last held_bits of it */
    int held_bits = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        held = held << 8 | (unsigned char)bytes.data[i];
        held_bits += 8;
        while (held_bits >= 6) {
            held_bits -= 6;
            *out++ = alphabet[held >> held_bits & 0x3f];
        }
    }
    if (held_bits > 0) {
        *out++ = alphabet[held << (6 - held_bits) & 0x3f];
    }
    *out = '\0';
}

/* Writes 3 * len / 4 bytes; false on a character outside the alphabet. Lengths and left-over bits
 * that no encoding gives are for the caller to refuse. */
static bool decode(struct base_str text, char *out)
{
    unsigned held = 0;
    int held_bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *place = memchr(alphabet, text.data[i], sizeof alphabet - 1);
        if (place == NULL) {
            return false;
        }
        held = held << 6 | (unsigned)(place - alphabet);
        held_bits += 6;
        if (held_bits >= 8) {
            held_bits -= 8;
            *out++ = (char)(held >> held_bits);
        }
    }
    return true;
}

static bool read_number(struct base_str text, int64_t *out_number)
{
    if (text.len > NUMBER_DIGITS_MAX || (text.len > 1 && text.data[0] == '0')) {
        return false;
    }
    int64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        number = number * 10 + (text.data[i] - '0');
    }
    *out_number = number;
    return true;
}

/* Reads a token into a key whose text stands in `out_text`. */
static bool read_token(const char *token, enum srv_key_kind kind,
                       char out_text[SRV_STORE_KEY_BYTES_MAX], struct srv_key *out_key)
{
    struct base_str encoded = {token, strnlen(token, ENCODED_BYTES_MAX + 1)};
    if (encoded.len > ENCODED_BYTES_MAX || !decode(encoded, out_text)) {
        return false;
    }
    struct base_str text = {out_text, encoded.len * 3 / 4};
    char again[ENCODED_BYTES_MAX + 1];
    encode(text, again);
    if (text.len == 0 || strcmp(again, token) != 0) {
        return false;
    }
    *out_key = srv_key_text(text);
    out_key->kind = kind;
    if (kind == SRV_KEY_NUMBER) {
        return read_number(text, &out_key->number);
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
    assert(page->count > 0);
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
    encode(key.text, token);
    *out_token = token;
    return true;
}
