/* HttpBody: a raw body's bytes and type come back out of the message as they went in, alone and
 * inside a parent; wire bytes of any kind give a body with a type that a header can carry, or are
 * refused. Input: a byte of which the lowest bit says that the rest is wire bytes; else the length
 * of the content type, the type, and the body. */
#include "gateway/http_body.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define OUTPUT_BYTES_MAX ((size_t)1 << 24)

/* A field of the type, as far as HttpBody needs one: number 100, of a message. */
static const struct gw_field field = {.number = 100, .tag_len = 2, .tag = {0xA2, 0x06}};

static void check_type(struct base_str type)
{
    FUZZ_CHECK(type.len > 0 && type.len <= GW_HTTP_BODY_TYPE_BYTES_MAX);
    for (size_t i = 0; i < type.len; i++) {
        FUZZ_CHECK(type.data[i] >= ' ' && type.data[i] <= '~');
    }
}

static void check_wire(const struct gw_field *parent_field, struct base_str wire)
{
    struct gw_http_body body = {0};
    struct base_err err = {0};
    if (!gw_http_body_from_wire(parent_field, wire, &body, &err)) {
        FUZZ_CHECK(err.code == BASE_INTERNAL && err.message[0] != '\0');
        return;
    }
    check_type(body.content_type);
    if (body.data.len > 0) {
        FUZZ_CHECK(body.data.data >= wire.data &&
                   body.data.data + body.data.len <= wire.data + wire.len);
    }
}

static void check_body(const struct gw_field *parent_field, const struct gw_http_body *body)
{
    struct base_buf wire;
    struct base_err err = {0};
    struct gw_http_body back;
    base_buf_init(&wire, OUTPUT_BYTES_MAX);
    if (gw_http_body_to_wire(parent_field, body, &wire, &err)) {
        FUZZ_CHECK(gw_http_body_from_wire(parent_field, base_buf_str(&wire), &back, &err));
        FUZZ_CHECK(base_str_eq(back.data, body->data));
        FUZZ_CHECK(base_str_eq(back.content_type, body->content_type) ||
                   base_str_eq(back.content_type, BASE_STR("application/octet-stream")));
    } else {
        FUZZ_CHECK(err.code == BASE_INVALID_ARGUMENT && wire.len == 0);
    }
    base_buf_dispose(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const char *rest = (const char *)data + 2;
    size_t left = size - 2;
    if ((data[0] & 1) != 0) {
        check_wire(NULL, base_str_make(rest, left));
        check_wire(&field, base_str_make(rest, left));
        return 0;
    }
    size_t type_len = data[1] > left ? left : data[1];
    const struct gw_http_body body = {
        .content_type = base_str_make(rest, type_len),
        .data = base_str_make(rest + type_len, left - type_len),
    };
    check_body(NULL, &body);
    check_body(&field, &body);
    return 0;
}
