#include "rpc/codec_field.h"

/* The wire type that a single value of `type` has. */
static enum base_wire_type wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return BASE_WIRE_I32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return BASE_WIRE_I64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return BASE_WIRE_LEN;
    default:
        return BASE_WIRE_VARINT;
    }
}

enum rpc_codec_fit rpc_codec_fit(const ProtobufCFieldDescriptor *field, enum base_wire_type type)
{
    if (field == NULL) {
        return RPC_CODEC_UNKNOWN;
    }
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (type == wire_type_of(field->type)) {
        if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
            return RPC_CODEC_SINGLE;
        }
        return repeated ? RPC_CODEC_ELEMENT : RPC_CODEC_MESSAGE;
    }
    return repeated && type == BASE_WIRE_LEN ? RPC_CODEC_PACKED : RPC_CODEC_UNKNOWN;
}

bool rpc_codec_run_is_whole(ProtobufCType type, struct base_str payload)
{
    switch (wire_type_of(type)) {
    case BASE_WIRE_I32:
        return payload.len % 4 == 0;
    case BASE_WIRE_I64:
        return payload.len % 8 == 0;
    default:
        break;
    }
    struct base_wire_reader reader = base_wire_reader_make(payload);
    uint64_t value;
    while (!base_wire_at_end(&reader)) {
        if (!base_wire_read_varint(&reader, &value)) {
            return false;
        }
    }
    return true;
}
