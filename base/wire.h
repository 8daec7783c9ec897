/* Wire: the protobuf encoding, read and written a record at a time.
 *
 * https://protobuf.dev/programming-guides/encoding. Knows no message types: what a record means is
 * for gateway/wire_field.h and rpc/codec_field.h to say. Bounds are checked; varints of more than
 * ten bytes, tags and lengths of more than five, field numbers of 0 or past 2^29-1 are damage.
 * Pure; any thread.
 */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

enum base_wire_type {
    BASE_WIRE_VARINT = 0,
    BASE_WIRE_I64 = 1,
    BASE_WIRE_LEN = 2,
    BASE_WIRE_START_GROUP = 3,
    BASE_WIRE_END_GROUP = 4,
    BASE_WIRE_I32 = 5,
};

/* Bytes of the longest varint. */
#define BASE_VARINT_BYTES_MAX 10

/* Groups inside groups. */
#define BASE_WIRE_GROUPS_MAX 100

/* In the place of a tag of one byte: no byte is that. */
#define BASE_WIRE_NO_TAG 0x100

/* What is left to read. */
struct base_wire_reader {
    const uint8_t *next;
    const uint8_t *end;
    const char *problem; /* of a read that failed: what is wrong at `next`; static text */
};

struct base_wire_record {
    uint32_t number;
    enum base_wire_type type;
    uint64_t scalar;       /* of VARINT, I64, I32; else 0 */
    struct base_str bytes; /* of LEN: the payload; of a group: between its tags; else none */
    struct base_str whole; /* the record with its tag */
};

/* Reads from the start of `wire`, which must outlive the reader and its records. */
struct base_wire_reader base_wire_reader_make(struct base_str wire);

static inline bool base_wire_at_end(const struct base_wire_reader *reader)
{
    return reader->next == reader->end;
}

/* The number in the next 4 or 8 bytes, put so that compilers make one load of it. */
static inline uint32_t base_wire_i32_at(const uint8_t *next)
{
    return next[0] | (uint32_t)next[1] << 8 | (uint32_t)next[2] << 16 | (uint32_t)next[3] << 24;
}

static inline uint64_t base_wire_i64_at(const uint8_t *next)
{
    return base_wire_i32_at(next) | (uint64_t)base_wire_i32_at(next + 4) << 32;
}

/* Reads 4 or 8 bytes; false when they are not there. */
BASE_MUST_CHECK static inline bool base_wire_read_fixed(struct base_wire_reader *reader,
                                                        size_t size, uint64_t *out_value)
{
    if ((size_t)(reader->end - reader->next) < size) {
        reader->problem = "a field breaks off";
        return false;
    }
    *out_value = size == 8 ? base_wire_i64_at(reader->next) : base_wire_i32_at(reader->next);
    reader->next += size;
    return true;
}

/* Reads a varint of which it is known that it, or ten bytes, ends before the reader does; false,
 * with the reader left alone, when it is too long. */
BASE_MUST_CHECK static inline bool base_wire_read_ended_varint(struct base_wire_reader *reader,
                                                               uint64_t *out_value)
{
    const uint8_t *next = reader->next;
    uint64_t value = 0;
    for (unsigned i = 0; i < BASE_VARINT_BYTES_MAX; i++) { /* unrolled: no shift is computed */
        uint64_t byte = next[i];
        value |= (byte & 0x7F) << 7 * i;
        if (byte < 0x80) {
            if (i == BASE_VARINT_BYTES_MAX - 1 && byte > 1) {
                break; /* of the tenth byte only the lowest bit is part of a number of 64 bits */
            }
            reader->next = next + i + 1;
            *out_value = value;
            return true;
        }
    }
    return false;
}

/* Longer half of base_wire_read_varint. */
bool base_wire_read_varint_slow(struct base_wire_reader *reader,
                                uint64_t *out_value) BASE_MUST_CHECK;

/* Reads one varint; false when the bytes are damaged. */
BASE_MUST_CHECK static inline bool base_wire_read_varint(struct base_wire_reader *reader,
                                                         uint64_t *out_value)
{
    if (reader->next < reader->end && *reader->next < 0x80) {
        *out_value = *reader->next++;
        return true;
    }
    return base_wire_read_varint_slow(reader, out_value);
}

/* Takes the payload of the record that stands next, if the byte `tag` is its tag and it has less
 * than 16 KiB; else leaves the reader alone. BASE_WIRE_NO_TAG takes none. */
static inline bool base_wire_take(struct base_wire_reader *reader, unsigned tag,
                                  struct base_str *out_bytes)
{
    const uint8_t *next = reader->next;
    size_t left = (size_t)(reader->end - next);
    if (left < 2 || next[0] != tag) {
        return false;
    }
    size_t head = 2;
    size_t len = next[1];
    if (len >= 0x80) {
        if (left < 3 || next[2] >= 0x80) {
            return false;
        }
        head = 3;
        len = (len & 0x7F) | (size_t)next[2] << 7;
    }
    if (len > left - head) {
        return false;
    }
    *out_bytes = base_str_make((const char *)next + head, len);
    reader->next = next + head + len;
    return true;
}

/* Longer half of base_wire_next. */
bool base_wire_next_slow(struct base_wire_reader *reader,
                         struct base_wire_record *out_record) BASE_MUST_CHECK;

/* Reads the next record; false when the bytes are damaged. Not at the end. A group
 * is read whole. */
__attribute__((always_inline)) BASE_MUST_CHECK static inline bool
base_wire_next(struct base_wire_reader *reader, struct base_wire_record *out_record)
{
    const uint8_t *next = reader->next;
    /* Fields up to 15 with a number or with less than 16 KiB are most of what goes by. */
    if (reader->end - next < 3 || next[0] < 1 << 3 || next[0] >= 0x80) {
        return base_wire_next_slow(reader, out_record);
    }
    if ((next[0] & 7) == BASE_WIRE_VARINT) {
        reader->next++;
        out_record->type = BASE_WIRE_VARINT;
        out_record->bytes = (struct base_str){NULL, 0};
        if (!base_wire_read_varint(reader, &out_record->scalar)) {
            return false;
        }
    } else if ((next[0] & 7) == BASE_WIRE_LEN &&
               base_wire_take(reader, next[0], &out_record->bytes)) {
        out_record->type = BASE_WIRE_LEN;
        out_record->scalar = 0;
    } else {
        return base_wire_next_slow(reader, out_record);
    }
    out_record->number = next[0] >> 3;
    out_record->whole = base_str_make((const char *)next, (size_t)(reader->next - next));
    return true;
}

/* Stores `value` at `out`, which has room for BASE_VARINT_BYTES_MAX; returns the end. */
static inline uint8_t *base_wire_put_varint(uint8_t *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *out++ = (uint8_t)value;
    return out;
}

/* Makes room at `at` in `out` for the length of what has been appended since, and stores it there:
 * the payload moves up by the length's size. False past the buffer's maximum. */
bool base_wire_close_length(struct base_buf *out, size_t at) BASE_MUST_CHECK;

/* Appends the tag that ends a group; false past the buffer's maximum. */
bool base_wire_end_group(struct base_buf *out, uint32_t number) BASE_MUST_CHECK;

#endif
