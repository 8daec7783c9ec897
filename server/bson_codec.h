/* BSON codec: protobuf-c messages as documents that a person can read, and back, by descriptor.
 *
 *     string             string                     bool               bool
 *     int32 ...          int32                      float, double      double
 *     int64 ..., uint32  int64                      bytes              binary, subtype 0
 *     uint64             int64; past 2^63-1 decimal128
 *     enum               its name as a string; a number the enum does not have as int32
 *     repeated           array                      message            document
 *     map                document, keys escaped     oneof              the one that is set
 *     Timestamp          date; one finer than a millisecond {"date": date, "nanos": int32
 * 0..999999}, so that nothing is lost
 *
 * Fields are named in lowerCamelCase (ProtoJSON's default; a json_name option is not in
 * protobuf-c's descriptors). Fields without presence are written even when empty, unset ones left
 * out. In map keys "%", "." and "$" become %25, %2E and %24, which keeps every key addressable in a
 * query. Reading is lenient in numbers (any BSON number that the field can hold exactly) and strict
 * in all else: a document that does not fit is DATA_LOSS, naming the field.
 *
 * BSON fields that the message type does not have survive an update: decoding with `keep_unknown`
 * hangs each on its message as a protobuf unknown field of number SRV_BSON_UNKNOWN_NUMBER, and
 * encoding writes such fields back. Pure; any thread.
 */
#ifndef SERVER_BSON_CODEC_H
#define SERVER_BSON_CODEC_H

#include "base/arena.h"
#include "base/err.h"

#include <protobuf-c/protobuf-c.h>

/* Messages inside messages. */
#define SRV_BSON_NESTING_MAX 100

/* Bytes of a field's name, its NUL included, and of a map's key. */
#define SRV_BSON_NAME_SIZE 256
#define SRV_BSON_MAP_KEY_BYTES_MAX 1024

/* The highest field number there is (2^29-1). */
#define SRV_BSON_UNKNOWN_NUMBER 536870911u

struct _bson_t; /* bson_t, from libbson */

/* Appends the fields of `message` to `out`. INVALID_ARGUMENT, naming the field, where a value has
 * no BSON form: a Timestamp out of a date's range or with nanos out of theirs, a string that is not
 * UTF-8, a map key too long, too deep nesting. `out` is then to be thrown away. */
bool srv_bson_encode(const ProtobufCMessage *message, struct _bson_t *out,
                     struct base_err *err) BASE_MUST_CHECK;

/* Decodes a document into `arena`, passing over the top-level fields whose names start with "_".
 * DATA_LOSS, naming the field, where the document is damaged or does not fit; RESOURCE_EXHAUSTED
 * past the arena's cap. */
bool srv_bson_decode(const ProtobufCMessageDescriptor *type, const struct _bson_t *document,
                     bool keep_unknown, struct base_arena *arena, ProtobufCMessage **out_message,
                     struct base_err *err) BASE_MUST_CHECK;

#endif
