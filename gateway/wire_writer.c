/* What every writer needs: errors, room, text. */
#include "gateway/wire_to_json.h"

#include <stdarg.h>
#include <stdio.h>

char *gw_writer_damaged(struct gw_writer *writer, const struct gw_message *type)
{
    return gw_writer_fail(writer, "damaged bytes in a %.*s", BASE_STR_ARGS(type->full_name));
}

char *gw_writer_fail(struct gw_writer *writer, const char *format, ...)
{
    char reason[BASE_ERR_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    (void)base_err_set(writer->err, BASE_INTERNAL, "%s", reason);
    return NULL;
}

char *gw_writer_full(struct gw_writer *writer)
{
    (void)base_err_set(writer->err, BASE_RESOURCE_EXHAUSTED,
                       "the JSON would be larger than %zu bytes", writer->out->max_bytes);
    return NULL;
}

char *gw_writer_too_deep(struct gw_writer *writer)
{
    return gw_writer_fail(writer, "a message nested deeper than %d", GW_NESTING_MAX);
}

char *gw_writer_out_of_order(struct gw_writer *writer)
{
    if (writer->is_normal) { /* a mistake of ours, which must not end the whole gateway */
        return gw_writer_fail(writer, "a message that is out of order in its normal form");
    }
    writer->is_out_of_order = true;
    return NULL;
}

void gw_writer_hand_over(struct gw_writer *writer, const char *at)
{
    writer->out->len = (size_t)(at - writer->out->data);
}

/* Goes on behind what the buffer holds, with room for `bytes` more. */
static char *take_over(struct gw_writer *writer, size_t bytes)
{
    if (!base_buf_reserve(writer->out, bytes)) {
        return gw_writer_full(writer);
    }
    writer->limit = writer->out->data + writer->out->capacity;
    return base_buf_end(writer->out);
}

char *gw_writer_start(struct gw_writer *writer, struct base_str wire)
{
    writer->wire_end = (const char *)base_wire_reader_make(wire).end;
    return take_over(writer, 1); /* one, so that there is a buffer */
}

char *gw_writer_grow(struct gw_writer *writer, char *at, size_t bytes)
{
    gw_writer_hand_over(writer, at);
    return take_over(writer, bytes);
}

char *gw_writer_text(struct gw_writer *writer, char *at, struct base_str text)
{
    at = gw_writer_room(writer, at, text.len);
    if (at == NULL) {
        return NULL;
    }
    memcpy(at, text.data, text.len);
    return at + text.len;
}

char *gw_writer_rest(struct gw_writer *writer, char *at, struct base_str rest,
                     const struct gw_field *owner)
{
    gw_writer_hand_over(writer, at);
    switch (gw_append_escaped(writer->out, rest)) {
    case GW_TEXT_OK:
        return take_over(writer, GW_QUOTED_EXTRA);
    case GW_TEXT_FULL:
        return gw_writer_full(writer);
    case GW_TEXT_NOT_UTF8:
        break;
    }
    return gw_writer_fail(writer, "invalid UTF-8 in %.*s.%.*s",
                          BASE_STR_ARGS(owner->parent->full_name), BASE_STR_ARGS(owner->name));
}

char *gw_writer_quoted(struct gw_writer *writer, char *at, struct base_str text,
                       const struct gw_field *owner)
{
    at = gw_writer_room(writer, at, text.len + GW_QUOTED_EXTRA);
    const char *end = text.len == 0 ? text.data : text.data + text.len;
    return at == NULL ? NULL : gw_writer_put_quoted(writer, at, text, end, owner);
}
