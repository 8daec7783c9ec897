#include "rpc/wire.h"

#include <limits.h>

#define FIELD_NUMBER_MAX ((UINT32_C(1) << 29) - 1)
#define VARINT_BYTES_MAX 10
#define TAG_BYTES_MAX 5

static bool fail(struct rpc_wire_reader *reader, const char *problem)
{
    reader->problem = problem;
    return false;
}

static size_t left(const struct rpc_wire_reader *reader)
{
    return (size_t)(reader->end - reader->next);
}

static bool read_long_varint(struct rpc_wire_reader *reader, size_t bytes_max, uint64_t *out_value)
{
    uint64_t value = 0;
    size_t available = left(reader);
    for (size_t i = 0; i < bytes_max && i < available; i++) {
        uint8_t byte = reader->next[i];
        if (i == VARINT_BYTES_MAX - 1 && byte > 1) {
            break;
        }
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            reader->next += i + 1;
            *out_value = value;
            return true;
        }
    }
    return fail(reader, available < bytes_max ? "a varint breaks off" : "a varint is too long");
}

/* Reads at most `bytes_max` bytes; more is damage, as is a value past 64 bits. */
static inline bool read_varint(struct rpc_wire_reader *reader, size_t bytes_max,
                               uint64_t *out_value)
{
    if (reader->next != reader->end && *reader->next < 0x80) { /* most tags and lengths */
        *out_value = *reader->next++;
        return true;
    }
    return read_long_varint(reader, bytes_max, out_value);
}

static bool read_tag(struct rpc_wire_reader *reader, uint32_t *out_number,
                     enum rpc_wire_type *out_type)
{
    const uint8_t *start = reader->next;
    uint64_t tag;
    if (!read_varint(reader, TAG_BYTES_MAX, &tag)) {
        return false;
    }
    if (tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX) {
        reader->next = start;
        return fail(reader, "a field number is out of range");
    }
    if ((tag & 7) > RPC_WIRE_I32) {
        reader->next = start;
        return fail(reader, "a wire type is unknown");
    }
    *out_number = (uint32_t)(tag >> 3);
    *out_type = (enum rpc_wire_type)(tag & 7);
    return true;
}

static bool skip_bytes(struct rpc_wire_reader *reader, size_t count)
{
    if (count > left(reader)) {
        return fail(reader, "a field breaks off");
    }
    reader->next += count;
    return true;
}

/* Passes over a value that is no group; out_payload is set for LEN. */
static bool skip_value(struct rpc_wire_reader *reader, enum rpc_wire_type type,
                       struct base_str *out_payload)
{
    uint64_t value;
    switch (type) {
    case RPC_WIRE_VARINT:
        return read_varint(reader, VARINT_BYTES_MAX, &value);
    case RPC_WIRE_I64:
        return skip_bytes(reader, 8);
    case RPC_WIRE_I32:
        return skip_bytes(reader, 4);
    case RPC_WIRE_LEN:
        if (!read_varint(reader, TAG_BYTES_MAX, &value)) {
            return false;
        }
        if (value > INT_MAX) {
            return fail(reader, "a field breaks off");
        }
        *out_payload = base_str_make((const char *)reader->next, (size_t)value);
        return skip_bytes(reader, (size_t)value);
    case RPC_WIRE_START_GROUP:
    case RPC_WIRE_END_GROUP:
        break;
    }
    return fail(reader, "a group ends that did not start");
}

/* Passes over the rest of a group whose start tag has been read. */
static bool skip_group(struct rpc_wire_reader *reader, uint32_t number)
{
    uint32_t open[RPC_WIRE_GROUPS_MAX];
    size_t depth = 0;
    open[depth++] = number;
    while (depth > 0) {
        enum rpc_wire_type type;
        if (reader->next == reader->end) {
            return fail(reader, "a group does not end");
        }
        if (!read_tag(reader, &number, &type)) {
            return false;
        }
        if (type == RPC_WIRE_START_GROUP) {
            if (depth == RPC_WIRE_GROUPS_MAX) {
                return fail(reader, "groups are nested too deep");
            }
            open[depth++] = number;
        } else if (type == RPC_WIRE_END_GROUP) {
            if (open[--depth] != number) {
                return fail(reader, "a group ends that did not start");
            }
        } else {
            struct base_str payload;
            if (!skip_value(reader, type, &payload)) {
                return false;
            }
        }
    }
    return true;
}

struct rpc_wire_reader rpc_wire_reader_make(struct base_str wire)
{
    const uint8_t *start = (const uint8_t *)wire.data;
    return (struct rpc_wire_reader){start, wire.len == 0 ? start : start + wire.len, NULL};
}

bool rpc_wire_next(struct rpc_wire_reader *reader, struct rpc_wire_record *out_record)
{
    if (reader->next == reader->end) {
        return false;
    }
    const uint8_t *start = reader->next;
    out_record->payload = base_str_make(NULL, 0);
    if (!read_tag(reader, &out_record->number, &out_record->type)) {
        return false;
    }
    if (!(out_record->type == RPC_WIRE_START_GROUP
              ? skip_group(reader, out_record->number)
              : skip_value(reader, out_record->type, &out_record->payload))) {
        return false;
    }
    out_record->whole = base_str_make((const char *)start, (size_t)(reader->next - start));
    return true;
}

enum rpc_wire_type rpc_wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return RPC_WIRE_I32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return RPC_WIRE_I64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return RPC_WIRE_LEN;
    default:
        return RPC_WIRE_VARINT;
    }
}

bool rpc_wire_is_packed(ProtobufCType type, struct base_str payload)
{
    switch (rpc_wire_type_of(type)) {
    case RPC_WIRE_I32:
        return payload.len % 4 == 0;
    case RPC_WIRE_I64:
        return payload.len % 8 == 0;
    default:
        break;
    }
    struct rpc_wire_reader reader = rpc_wire_reader_make(payload);
    uint64_t value;
    while (reader.next != reader.end) {
        if (!read_varint(&reader, VARINT_BYTES_MAX, &value)) {
            return false;
        }
    }
    return true;
}

size_t rpc_wire_varint_size(uint32_t value)
{
    size_t size = 1;
    for (; value >= 0x80; value >>= 7) {
        size++;
    }
    return size;
}

uint8_t *rpc_wire_put_varint(uint8_t *out, uint32_t value, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++, value >>= 7) {
        *out++ = (uint8_t)(value | 0x80);
    }
    *out++ = (uint8_t)(value & 0x7F);
    return out;
}
