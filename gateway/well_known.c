#include "gateway/well_known.h"

#include "gateway/mask_text.h"
#include "gateway/scalar.h"
#include "gateway/time_text.h"

/* Two tags and two varints. */
#define TIME_BYTES_MAX ((size_t)2 * (1 + BASE_VARINT_BYTES_MAX))

/* The tag of field 1 of FieldMask, a string. */
#define MASK_PATH_TAG (1 << 3 | BASE_WIRE_LEN)

const struct gw_message *gw_any_type(const struct gw_schema *schema, struct base_str url)
{
    const char *slash = url.len == 0 ? NULL : memrchr(url.data, '/', url.len);
    if (slash == NULL || schema == NULL) {
        return NULL;
    }
    size_t before = (size_t)(slash + 1 - url.data);
    return gw_schema_message(schema, base_str_make(slash + 1, url.len - before));
}

const char *gw_well_known_article(enum gw_well_known kind)
{
    return kind == GW_TIMESTAMP    ? "an RFC 3339 timestamp"
           : kind == GW_DURATION   ? "a duration in seconds like \"1.5s\""
           : kind == GW_FIELD_MASK ? "field paths with commas between"
                                   : "a value";
}

static bool refuse(enum gw_well_known kind, struct base_str text, struct base_err *err)
{
    int len = gw_shown_len(text);
    return base_err_set(err, BASE_INVALID_ARGUMENT, "expected %s, found \"%.*s%s\"",
                        gw_well_known_article(kind), len, text.data,
                        (size_t)len < text.len ? "..." : "");
}

static bool full(const struct base_buf *out, struct base_err *err)
{
    return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the message would be larger than %zu bytes",
                        out->max_bytes);
}

static bool put_time(enum gw_well_known kind, struct base_str text, struct base_buf *out,
                     struct base_err *err)
{
    int64_t seconds;
    int32_t nanos;
    if (!(kind == GW_TIMESTAMP ? gw_timestamp_parse(text, &seconds, &nanos)
                               : gw_duration_parse(text, &seconds, &nanos))) {
        return refuse(kind, text, err);
    }
    if (!base_buf_reserve(out, TIME_BYTES_MAX)) {
        return full(out, err);
    }
    uint8_t *next = (uint8_t *)base_buf_end(out);
    if (seconds != 0) {
        *next++ = 1 << 3;
        next = base_wire_put_varint(next, (uint64_t)seconds);
    }
    if (nanos != 0) {
        *next++ = 2 << 3;
        next = base_wire_put_varint(next, (uint64_t)(int64_t)nanos);
    }
    out->len = (size_t)((char *)next - out->data);
    return true;
}

/* Makes room for `room` bytes and, behind them, a copy of `text`, which out_text becomes. */
static bool set_aside(struct base_buf *out, size_t room, struct base_str *text,
                      struct base_err *err)
{
    if (!base_buf_reserve_around(out, room + text->len, text)) {
        return full(out, err);
    }
    char *copy = base_buf_end(out) + room;
    if (text->len > 0) {
        memmove(copy, text->data, text->len);
    }
    text->data = copy;
    return true;
}

static bool put_path(struct base_str path, bool snake_too, struct base_buf *out)
{
    /* The path is at most twice as long, so its length takes at most five bytes. */
    char *name = base_buf_end(out) + 1 + 5;
    size_t len = path.len;
    if (snake_too && path.len > 0 && memchr(path.data, '_', path.len) != NULL) {
        memcpy(name, path.data, path.len);
    } else if (!gw_path_to_snake(path, name, &len)) {
        return false;
    }
    uint8_t *next = (uint8_t *)base_buf_end(out);
    *next++ = MASK_PATH_TAG;
    next = base_wire_put_varint(next, len);
    memmove(next, name, len);
    out->len = (size_t)((char *)next + len - out->data);
    return true;
}

static bool put_mask(struct base_str text, bool snake_too, struct base_buf *out,
                     struct base_err *err)
{
    if (text.len == 0) {
        return true;
    }
    /* A path of n characters and its comma give at most 6 + 2n bytes. */
    size_t room = 8 * (text.len + 1);
    if (!set_aside(out, room, &text, err)) {
        return false;
    }
    struct base_str rest = text;
    struct base_str path;
    while (gw_mask_next(&rest, &path)) {
        if (!put_path(path, snake_too, out)) {
            return refuse(GW_FIELD_MASK, text, err);
        }
    }
    return true;
}

bool gw_well_known_put(const struct gw_message *type, struct base_str text, bool snake_too,
                       struct base_buf *out, struct base_err *err)
{
    return type->well_known == GW_FIELD_MASK ? put_mask(text, snake_too, out, err)
                                             : put_time(type->well_known, text, out, err);
}
