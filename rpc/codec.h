/* Codec: wire bytes to protobuf-c structs and back.
 *
 * protobuf-c 1.4.1 does not check UTF-8, and misreads or refuses some valid encodings (a message
 * that comes in two parts, groups, a known field with another wire type: codec_rewrite.h); unpack
 * checks the bytes against the descriptor first, and where a message holds what protobuf-c would
 * misread, hands it an equivalent encoding instead. Any thread.
 */
#ifndef RPC_CODEC_H
#define RPC_CODEC_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <protobuf-c/protobuf-c.h>

/* Messages inside messages, as C++ protobuf limits them. */
#define RPC_CODEC_NESTING_MAX 100

/* Decodes `wire` into `arena`. Fails with INVALID_ARGUMENT, naming the byte and the field, on
 * damaged bytes, invalid UTF-8 or U+0000 in a string (a C string would end there), a required field
 * left out or too deep nesting; with RESOURCE_EXHAUSTED past the arena's cap. */
bool rpc_codec_unpack(const ProtobufCMessageDescriptor *type, struct base_str wire,
                      struct base_arena *arena, ProtobufCMessage **out_message,
                      struct base_err *err) BASE_MUST_CHECK;

/* Checks as rpc_codec_unpack does, without decoding. */
bool rpc_codec_check(const ProtobufCMessageDescriptor *type, struct base_str wire,
                     struct base_err *err) BASE_MUST_CHECK;

/* Makes, in `arena`, a message that stands for `wire` undecoded: it packs to those bytes again, and
 * its fields must not be looked at. For what is only passed on. `wire` has been checked before and
 * is borrowed as long as the message lives. Fails with RESOURCE_EXHAUSTED past the arena's cap. */
bool rpc_codec_seal(const ProtobufCMessageDescriptor *type, struct base_str wire,
                    struct base_arena *arena, ProtobufCMessage **out_message,
                    struct base_err *err) BASE_MUST_CHECK;

/* Appends the packed message to `out`. Fails with RESOURCE_EXHAUSTED past the buffer's maximum. */
bool rpc_codec_pack(const ProtobufCMessage *message, struct base_buf *out,
                    struct base_err *err) BASE_MUST_CHECK;

/* A ProtobufCAllocator that hands out of `arena` (and frees nothing). */
ProtobufCAllocator rpc_codec_allocator(struct base_arena *arena);

#endif
