/* What the tests of the BSON codec share: from JSON, BSON or wire bytes to a message and back. */
#ifndef SERVER_BSON_SUPPORT_H
#define SERVER_BSON_SUPPORT_H

#include "base/arena.h"
#include "base/err.h"

#include <bson/bson.h>
#include <protobuf-c/protobuf-c.h>

/* What one test may use; more than any message of theirs needs. */
#define BSON_SUPPORT_ARENA_BYTES (size_t)(256 * 1024 * 1024)

/* The packed message as it is compared, borrowed from the arena. */
struct base_str bson_pack(struct base_arena *arena, const ProtobufCMessage *message);

/* The message of the wire bytes that `hex` spells. Fails the test when there is none. */
ProtobufCMessage *bson_message_of_hex(struct base_arena *arena,
                                      const ProtobufCMessageDescriptor *type, const char *hex);

/* Extended JSON of the message as BSON, or "CODE: text" of the error; borrowed from the arena. */
const char *bson_json_of_message(struct base_arena *arena, const ProtobufCMessage *message);

/* The message of a document in extended JSON, or NULL and the error. */
ProtobufCMessage *bson_message_of_json(struct base_arena *arena,
                                       const ProtobufCMessageDescriptor *type, const char *json,
                                       bool keep_unknown, struct base_err *err);

#endif
