/* One pass, no recursion: a group is walked with a stack of its field numbers. A read that fails
 * leaves `next` at the damage, so that whoever tells of it can say where. */
#include "base/wire.h"

#define NUMBER_MAX ((UINT32_C(1) << 29) - 1)
#define SHORT_VARINT_BYTES_MAX 5

static bool fail(struct base_wire_reader *reader, const char *problem)
{
    reader->problem = problem;
    return false;
}

static size_t left(const struct base_wire_reader *reader)
{
    return (size_t)(reader->end - reader->next);
}

/* Says what is wrong with a varint that should have had at most `bytes_max`. */
static void blame_varint(struct base_wire_reader *reader, size_t bytes_max)
{
    reader->problem = left(reader) < bytes_max ? "a varint breaks off" : "a varint is too long";
}

struct base_wire_reader base_wire_reader_make(struct base_str wire)
{
    const uint8_t *start = (const uint8_t *)wire.data;
    return (struct base_wire_reader){start, wire.len == 0 ? start : start + wire.len, NULL};
}

/* Whether some byte, or the longest of varints, ends what a varint would run through. */
static bool has_room_for_varint(const uint8_t *next, const uint8_t *end)
{
    if (end - next >= BASE_VARINT_BYTES_MAX) {
        return true;
    }
    while (end > next && end[-1] >= 0x80) {
        end--;
    }
    return end > next;
}

bool base_wire_read_varint_slow(struct base_wire_reader *reader, uint64_t *out_value)
{
    if (has_room_for_varint(reader->next, reader->end) &&
        base_wire_read_ended_varint(reader, out_value)) {
        return true;
    }
    blame_varint(reader, BASE_VARINT_BYTES_MAX);
    return false;
}

/* Reads a tag or a length, which are numbers of 32 bits. */
static bool read_short_varint(struct base_wire_reader *reader, uint64_t *out_value)
{
    const uint8_t *start = reader->next;
    if (base_wire_read_varint(reader, out_value) &&
        reader->next - start <= SHORT_VARINT_BYTES_MAX) {
        return true;
    }
    reader->next = start;
    blame_varint(reader, SHORT_VARINT_BYTES_MAX);
    return false;
}

static bool read_tag(struct base_wire_reader *reader, uint32_t *out_number,
                     enum base_wire_type *out_type)
{
    const uint8_t *start = reader->next;
    uint64_t tag;
    if (!read_short_varint(reader, &tag)) {
        return false;
    }
    if (tag >> 3 == 0 || tag >> 3 > NUMBER_MAX) {
        reader->next = start;
        return fail(reader, "a field number is out of range");
    }
    if ((tag & 7) > BASE_WIRE_I32) {
        reader->next = start;
        return fail(reader, "a wire type is unknown");
    }
    *out_number = (uint32_t)(tag >> 3);
    *out_type = (enum base_wire_type)(tag & 7);
    return true;
}

static bool read_bytes(struct base_wire_reader *reader, struct base_str *out_bytes)
{
    uint64_t len;
    if (!read_short_varint(reader, &len)) {
        return false;
    }
    if (len > left(reader)) {
        return fail(reader, "a field breaks off");
    }
    *out_bytes = base_str_make((const char *)reader->next, (size_t)len);
    reader->next += len;
    return true;
}

/* Reads what follows the tag of anything but a group. */
static bool read_payload(struct base_wire_reader *reader, struct base_wire_record *record)
{
    switch (record->type) {
    case BASE_WIRE_VARINT:
        return base_wire_read_varint(reader, &record->scalar);
    case BASE_WIRE_I64:
        return base_wire_read_fixed(reader, 8, &record->scalar);
    case BASE_WIRE_I32:
        return base_wire_read_fixed(reader, 4, &record->scalar);
    case BASE_WIRE_LEN:
        return read_bytes(reader, &record->bytes);
    case BASE_WIRE_START_GROUP:
    case BASE_WIRE_END_GROUP:
        break;
    }
    return fail(reader, "a group ends that did not start");
}

/* Reads on to the end tag of the group `number`, whose start tag has been read. */
static bool read_group(struct base_wire_reader *reader, uint32_t number,
                       struct base_str *out_inside)
{
    uint32_t open[BASE_WIRE_GROUPS_MAX];
    size_t depth = 0;
    open[depth++] = number;
    const uint8_t *start = reader->next;
    while (!base_wire_at_end(reader)) {
        const uint8_t *tag = reader->next;
        struct base_wire_record record;
        if (!read_tag(reader, &record.number, &record.type)) {
            return false;
        }
        if (record.type == BASE_WIRE_START_GROUP) {
            if (depth == BASE_WIRE_GROUPS_MAX) {
                return fail(reader, "groups are nested too deep");
            }
            open[depth++] = record.number;
        } else if (record.type == BASE_WIRE_END_GROUP) {
            if (record.number != open[--depth]) {
                return fail(reader, "a group ends that did not start");
            }
            if (depth == 0) {
                *out_inside = base_str_make((const char *)start, (size_t)(tag - start));
                return true;
            }
        } else if (!read_payload(reader, &record)) {
            return false;
        }
    }
    return fail(reader, "a group does not end");
}

bool base_wire_next_slow(struct base_wire_reader *reader, struct base_wire_record *out_record)
{
    struct base_wire_record record = {0};
    const uint8_t *start = reader->next;
    if (!read_tag(reader, &record.number, &record.type)) {
        return false;
    }
    bool ok = record.type == BASE_WIRE_START_GROUP
                  ? read_group(reader, record.number, &record.bytes)
                  : read_payload(reader, &record);
    if (!ok) {
        return false;
    }
    record.whole = base_str_make((const char *)start, (size_t)(reader->next - start));
    *out_record = record;
    return true;
}

bool base_wire_end_group(struct base_buf *out, uint32_t number)
{
    uint8_t tag[BASE_VARINT_BYTES_MAX];
    uint8_t *end = base_wire_put_varint(tag, (uint64_t)number << 3 | BASE_WIRE_END_GROUP);
    return base_buf_append(out, tag, (size_t)(end - tag));
}

bool base_wire_close_length(struct base_buf *out, size_t at)
{
    uint8_t length[BASE_VARINT_BYTES_MAX];
    size_t payload = out->len - at;
    size_t size = (size_t)(base_wire_put_varint(length, payload) - length);
    if (!base_buf_reserve(out, size)) {
        return false;
    }
    memmove(out->data + at + size, out->data + at, payload);
    memcpy(out->data + at, length, size);
    out->len += size;
    return true;
}
