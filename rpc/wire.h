/* Wire: protobuf records as the codec needs them, checked and cut, not decoded.
 *
 * https://protobuf.dev/programming-guides/encoding. Pure; any thread.
 */
#ifndef RPC_WIRE_H
#define RPC_WIRE_H

#include "base/str.h"

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

enum rpc_wire_type {
    RPC_WIRE_VARINT = 0,
    RPC_WIRE_I64 = 1,
    RPC_WIRE_LEN = 2,
    RPC_WIRE_START_GROUP = 3,
    RPC_WIRE_END_GROUP = 4,
    RPC_WIRE_I32 = 5,
};

/* Groups inside groups. */
#define RPC_WIRE_GROUPS_MAX 100

struct rpc_wire_reader {
    const uint8_t *next;
    const uint8_t *end;
    const char *problem; /* static text, set when rpc_wire_next fails */
};

/* One field as it stands on the wire. A group is read whole, up to its end tag. */
struct rpc_wire_record {
    uint32_t number;
    enum rpc_wire_type type;
    struct base_str whole;   /* with its tag */
    struct base_str payload; /* of LEN: what follows the length */
};

/* Reads from the start of `wire`, which must outlive the reader and its records. */
struct rpc_wire_reader rpc_wire_reader_make(struct base_str wire);

/* Reads the next record; false at the end, and on damage, when `problem` is set and `next` stands
 * at the damage. */
bool rpc_wire_next(struct rpc_wire_reader *reader, struct rpc_wire_record *out_record);

/* Whether `payload` is a whole number of values of `type`, as they stand in a packed field. */
bool rpc_wire_is_packed(ProtobufCType type, struct base_str payload);

/* The wire type that a single value of `type` has. */
enum rpc_wire_type rpc_wire_type_of(ProtobufCType type);

/* Bytes of `value` as a varint. */
size_t rpc_wire_varint_size(uint32_t value);

/* Stores `value` in exactly `size` bytes, which may be more than it needs; returns the end. */
uint8_t *rpc_wire_put_varint(uint8_t *out, uint32_t value, size_t size);

#endif
