/* BSON codec: protobuf-c messages as documents that a person can read, and back, by descriptor.
 *
 *     string             string                     bool               bool
 *     int32 ...          int32                      float, double      double
 *     int64 ..., uint32  int64                      bytes              binary, subtype 0
 *     uint64             int64; past 2^63-1 decimal128
 *     enum               its name as a string; a number the enum does not have as int32
 *     repeated           array                      message            document
 *     map                document, keys escaped     oneof              the one that is set
 *     Timestamp          date; one finer than a millisecond is {"date": date, "nanos": int32
 *                        from 0 to 999999}, so that nothing is lost
 *
 * Fields are named in lowerCamelCase (ProtoJSON's default; a json_name option is not in
 * protobuf-c's descriptors). Fields without presence are written even when empty, unset ones left
 * out. In map keys "%", "." and "$" become %25, %2E and %24, which keeps every key addressable in a
 * query. Reading is lenient in numbers (server/bson_number.h) and in what is null or missing, which
 * is unset, and strict in all else: a document that does not fit is DATA_LOSS, naming the field. Of
 * a field that stands twice the last counts.
 *
 * BSON fields that the message type does not have survive an update: decoding with `keep_unknown`
 * hangs them on their message as a protobuf unknown field of wire type SRV_BSON_UNKNOWN_WIRE_TYPE,
 * and encoding writes such a field back, and no other: what a client's message has unknown does not
 * reach the database. Pure; any thread.
 */
#ifndef SERVER_BSON_CODEC_H
#define SERVER_BSON_CODEC_H

#include "base/arena.h"
#include "base/err.h"

#include <protobuf-c/protobuf-c.h>

/* Documents and arrays inside the document, which is what MongoDB allows. */
#define SRV_BSON_NESTING_MAX 100

/* Bytes of one document: MongoDB's limit. */
#define SRV_BSON_DOCUMENT_BYTES_MAX (size_t)(16 * 1024 * 1024)

/* Bytes of a field's name, its NUL included, and of a map's key. */
#define SRV_BSON_NAME_SIZE 256
#define SRV_BSON_MAP_KEY_BYTES_MAX 1024

/* A wire type that no message on the wire has (they end at 5), so that no client can send one. */
#define SRV_BSON_UNKNOWN_WIRE_TYPE 7

struct _bson_t; /* bson_t, from libbson */

/* Appends the fields of `message` to `out`. INVALID_ARGUMENT, naming the field, where a value has
 * no BSON form: a Timestamp out of a date's range or with nanos out of theirs, a string that is not
 * UTF-8, a map key too long, too deep nesting. RESOURCE_EXHAUSTED past SRV_BSON_DOCUMENT_BYTES_MAX,
 * soon after it is passed. `out` is then to be thrown away. */
bool srv_bson_encode(const ProtobufCMessage *message, struct _bson_t *out,
                     struct base_err *err) BASE_MUST_CHECK;

/* Decodes a document into `arena`, passing over "_id" and "_version" at its top, which are the
 * store's. DATA_LOSS, naming the field, where the document is damaged or does not fit;
 * RESOURCE_EXHAUSTED past the arena's cap. */
bool srv_bson_decode(const ProtobufCMessageDescriptor *type, const struct _bson_t *document,
                     bool keep_unknown, struct base_arena *arena, ProtobufCMessage **out_message,
                     struct base_err *err) BASE_MUST_CHECK;

#endif
