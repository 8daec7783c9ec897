/* Codec field: how a record of the wire stands to the field that its message type declares.
 *
 * A record whose wire type is not its field's counts as unknown, as the specification has it. Pure;
 * any thread.
 */
#ifndef RPC_CODEC_FIELD_H
#define RPC_CODEC_FIELD_H

#include "base/wire.h"

#include <protobuf-c/protobuf-c.h>

enum rpc_codec_fit {
    RPC_CODEC_UNKNOWN, /* no such field, or not its wire type */
    RPC_CODEC_SINGLE,  /* one value */
    RPC_CODEC_PACKED,  /* a packed run of a repeated scalar's values */
    RPC_CODEC_MESSAGE, /* a singular message */
    RPC_CODEC_ELEMENT, /* a message of a repeated field */
};

/* `field` is the type's field of the record's number, or NULL. */
enum rpc_codec_fit rpc_codec_fit(const ProtobufCFieldDescriptor *field, enum base_wire_type type);

/* Whether the payload of a packed run is a whole number of values of `type`. */
bool rpc_codec_run_is_whole(ProtobufCType type, struct base_str payload);

#endif
