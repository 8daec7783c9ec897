/* Text out of a path or a query: one value without quotes. Zero is written too: it must win over
 * what the body said. */
#include "gateway/transcode.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "gateway/scalar.h"
#include "gateway/well_known.h"

#include <stdio.h>

static bool refuse(const char *what, struct base_str text, struct base_err *err)
{
    int len = gw_shown_len(text);
    return base_err_set(err, BASE_INVALID_ARGUMENT, "expected %s, found \"%.*s%s\"", what, len,
                        text.data == NULL ? "" : text.data, (size_t)len < text.len ? "..." : "");
}

static bool full(const struct base_buf *out, struct base_err *err)
{
    return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the message would be larger than %zu bytes",
                        out->max_bytes);
}

static bool append_tag(const struct gw_field *field, struct base_buf *out, struct base_err *err)
{
    return base_buf_append(out, field->tag, field->tag_len) || full(out, err);
}

static bool close_length(struct base_buf *out, size_t at, struct base_err *err)
{
    return base_wire_close_length(out, at) || full(out, err);
}

static bool enum_bits(const struct gw_enum *enumeration, struct base_str text, uint64_t *out_bits,
                      struct base_err *err)
{
    const struct gw_enum_value *value = gw_enum_by_name(enumeration, text);
    if (value != NULL) {
        *out_bits = (uint64_t)(int64_t)value->number;
        return true;
    }
    if (gw_scalar_integer(GW_INT32, text, out_bits) == GW_SCALAR_OK &&
        (!enumeration->is_closed || gw_enum_by_number(enumeration, (int32_t)*out_bits) != NULL)) {
        return true;
    }
    char what[128];
    snprintf(what, sizeof what, "a value of %.*s", BASE_STR_ARGS(enumeration->full_name));
    return refuse(what, text, err);
}

static bool scalar_bits(const struct gw_field *field, struct base_str text, uint64_t *out_bits,
                        struct base_err *err)
{
    if (field->type == GW_ENUM) {
        return enum_bits(field->enumeration, text, out_bits, err);
    }
    if (field->type == GW_BOOL) {
        *out_bits = base_str_eq(text, BASE_STR("true"));
        return *out_bits == 1 || base_str_eq(text, BASE_STR("false")) ||
               refuse(gw_type_article(GW_BOOL), text, err);
    }
    enum gw_scalar_status status = field->type == GW_DOUBLE || field->type == GW_FLOAT
                                       ? gw_scalar_quoted_real(field->type, text, out_bits)
                                       : gw_scalar_integer(field->type, text, out_bits);
    return status == GW_SCALAR_OK || gw_scalar_refuse(field->type, status, text, err);
}

/* Appends what stands behind the tag of a string or bytes. */
static bool append_text(const struct gw_field *field, struct base_str text, struct base_buf *out,
                        struct base_err *err)
{
    size_t at = out->len;
    size_t len = text.len;
    if (field->type == GW_STRING) {
        if (!base_utf8_valid(text)) {
            return refuse("UTF-8", text, err);
        }
        return (base_buf_append_str(out, text) || full(out, err)) && close_length(out, at, err);
    }
    if (!base_buf_reserve(out, BASE_BASE64_DECODED_BYTES_MAX(text.len))) {
        return full(out, err);
    }
    if (!base_base64_decode(text, base_buf_end(out), &len)) {
        return refuse(gw_type_article(GW_BYTES), text, err);
    }
    out->len += len;
    return close_length(out, at, err);
}

static bool append_scalar(const struct gw_field *field, struct base_str text, struct base_buf *out,
                          struct base_err *err)
{
    if (!append_tag(field, out, err)) {
        return false;
    }
    if (field->type == GW_STRING || field->type == GW_BYTES) {
        return append_text(field, text, out, err);
    }
    uint64_t bits;
    if (!scalar_bits(field, text, &bits, err)) {
        return false;
    }
    if (!base_buf_reserve(out, BASE_VARINT_BYTES_MAX)) {
        return full(out, err);
    }
    uint8_t *start = (uint8_t *)base_buf_end(out);
    out->len += (size_t)(gw_put_bits(start, field->type, bits) - start);
    return true;
}

static bool append_message(const struct gw_field *field, struct base_str text, struct base_buf *out,
                           struct base_err *err)
{
    const struct gw_message *type = field->message;
    if (!base_utf8_valid(text)) {
        return refuse("UTF-8", text, err);
    }
    if (!append_tag(field, out, err)) {
        return false;
    }
    size_t at = out->len;
    bool ok;
    switch (type->well_known) {
    case GW_TIMESTAMP:
    case GW_DURATION:
    case GW_FIELD_MASK:
        ok = gw_well_known_put(type, text, true, out, err);
        break;
    case GW_WRAPPER:
        ok = append_scalar(&type->fields[0], text, out, err);
        break;
    default:
        ok = base_err_set(err, BASE_INVALID_ARGUMENT, "a %.*s cannot be written as one value",
                          BASE_STR_ARGS(type->full_name));
        break;
    }
    return ok && close_length(out, at, err);
}

/* An element of a packed list goes in a list of its own: one with one element. */
static bool append_packed(const struct gw_field *field, struct base_str text, struct base_buf *out,
                          struct base_err *err)
{
    size_t before = out->len;
    if (!append_scalar(field, text, out, err)) {
        return false;
    }
    return close_length(out, before + field->tag_len, err);
}

bool gw_text_to_wire_field(const struct gw_field *field, struct base_str text,
                           const struct gw_transcode_options *options, struct base_buf *out,
                           struct base_err *err)
{
    (void)options;
    size_t before = out->len;
    bool ok = field->message != NULL && field->type == GW_MESSAGE
                  ? append_message(field, text, out, err)
              : field->message != NULL
                  ? base_err_set(err, BASE_INVALID_ARGUMENT, "a group cannot be written as text")
              : field->is_packed ? append_packed(field, text, out, err)
                                 : append_scalar(field, text, out, err);
    if (!ok) {
        out->len = before;
    }
    return ok;
}
