/* One pass, no recursion: a group is walked with a stack of its field numbers. */
#include "gateway/wire.h"

#define GROUP_NESTING_MAX 100
#define NUMBER_MAX ((1U << 29) - 1)
#define SHORT_VARINT_BYTES_MAX 5

struct gw_wire_reader gw_wire_reader_make(struct base_str wire)
{
    const uint8_t *start = (const uint8_t *)wire.data;
    return (struct gw_wire_reader){start, wire.len == 0 ? start : start + wire.len};
}

/* Whether some byte, or the longest of varints, ends what a varint would run through. */
static bool has_room_for_varint(const uint8_t *next, const uint8_t *end)
{
    if (end - next >= GW_VARINT_BYTES_MAX) {
        return true;
    }
    while (end > next && end[-1] >= 0x80) {
        end--;
    }
    return end > next;
}

bool gw_wire_read_varint_slow(struct gw_wire_reader *reader, uint64_t *out_value)
{
    const uint8_t *next = reader->next;
    if (!has_room_for_varint(next, reader->end)) {
        return false;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < GW_VARINT_BYTES_MAX; i++) { /* unrolled: no shift is computed */
        uint64_t byte = next[i];
        value |= (byte & 0x7F) << 7 * i;
        if (byte < 0x80) {
            reader->next = next + i + 1;
            *out_value = value;
            /* Of the tenth byte only the lowest bit is part of a 64-bit number. */
            return i < GW_VARINT_BYTES_MAX - 1 || byte <= 1;
        }
    }
    return false;
}

/* Reads a tag or a length, which are numbers of 32 bits. */
static bool read_short_varint(struct gw_wire_reader *reader, uint64_t *out_value)
{
    const uint8_t *start = reader->next;
    return gw_wire_read_varint(reader, out_value) && reader->next - start <= SHORT_VARINT_BYTES_MAX;
}

static bool read_tag(struct gw_wire_reader *reader, uint32_t *out_number,
                     enum gw_wire_type *out_type)
{
    uint64_t tag;
    if (!read_short_varint(reader, &tag) || tag >> 3 == 0 || tag >> 3 > NUMBER_MAX) {
        return false;
    }
    *out_number = (uint32_t)(tag >> 3);
    *out_type = (enum gw_wire_type)(tag & 7);
    return true;
}

/* Reads what follows the tag of anything but a group. */
static bool read_payload(struct gw_wire_reader *reader, struct gw_wire_record *record)
{
    uint64_t len;
    switch (record->type) {
    case GW_WIRE_VARINT:
        return gw_wire_read_varint(reader, &record->scalar);
    case GW_WIRE_I64:
        return gw_wire_read_fixed(reader, 8, &record->scalar);
    case GW_WIRE_I32:
        return gw_wire_read_fixed(reader, 4, &record->scalar);
    case GW_WIRE_LEN:
        if (!read_short_varint(reader, &len) || len > (size_t)(reader->end - reader->next)) {
            return false;
        }
        record->bytes = base_str_make((const char *)reader->next, (size_t)len);
        reader->next += len;
        return true;
    default:
        return false;
    }
}

/* Reads on to the end tag of the group `number`, whose start tag has been read. */
static bool read_group(struct gw_wire_reader *reader, uint32_t number, struct base_str *out_inside)
{
    uint32_t open[GROUP_NESTING_MAX];
    size_t depth = 0;
    open[depth++] = number;
    const uint8_t *start = reader->next;
    for (;;) {
        const uint8_t *tag = reader->next;
        struct gw_wire_record record;
        if (gw_wire_at_end(reader) || !read_tag(reader, &record.number, &record.type)) {
            return false;
        }
        if (record.type == GW_WIRE_START_GROUP) {
            if (depth == GROUP_NESTING_MAX) {
                return false;
            }
            open[depth++] = record.number;
        } else if (record.type == GW_WIRE_END_GROUP) {
            if (record.number != open[--depth]) {
                return false;
            }
            if (depth == 0) {
                *out_inside = base_str_make((const char *)start, (size_t)(tag - start));
                return true;
            }
        } else if (!read_payload(reader, &record)) {
            return false;
        }
    }
}

bool gw_wire_next_slow(struct gw_wire_reader *reader, struct gw_wire_record *out_record)
{
    struct gw_wire_record record = {0};
    const uint8_t *start = reader->next;
    if (!read_tag(reader, &record.number, &record.type)) {
        return false;
    }
    bool ok = record.type == GW_WIRE_START_GROUP ? read_group(reader, record.number, &record.bytes)
                                                 : read_payload(reader, &record);
    if (!ok) {
        return false;
    }
    record.whole = base_str_make((const char *)start, (size_t)(reader->next - start));
    *out_record = record;
    return true;
}

bool gw_wire_end_group(struct base_buf *out, uint32_t number)
{
    uint8_t tag[GW_VARINT_BYTES_MAX];
    uint8_t *end = gw_wire_put_varint(tag, (uint64_t)number << 3 | GW_WIRE_END_GROUP);
    return base_buf_append(out, tag, (size_t)(end - tag));
}

bool gw_wire_close_length(struct base_buf *out, size_t at)
{
    uint8_t length[GW_VARINT_BYTES_MAX];
    size_t payload = out->len - at;
    size_t size = (size_t)(gw_wire_put_varint(length, payload) - length);
    if (!base_buf_reserve(out, size)) {
        return false;
    }
    memmove(out->data + at + size, out->data + at, payload);
    memcpy(out->data + at, length, size);
    out->len += size;
    return true;
}
