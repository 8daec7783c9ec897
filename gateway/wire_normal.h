/* Wire normal: a message's bytes in the one order and form that careful serializers write.
 *
 * Fields stand in order of their numbers, a singular one once (of a scalar the last counts, pieces
 * of a message are merged), of a oneof the last member alone, lists packed or not as their
 * descriptor says, varints and lengths in as few bytes as they need, zeros of fields without
 * presence not at all; what is unknown follows behind, as it came. Any two encodings of one message
 * that differ in none but these get the same bytes. Entries of a map keep their order, and those
 * of one key all stay: the last counts.
 *
 * Every message inside is read too, so bytes that pass are well formed all through, and strings
 * that must be UTF-8 are. Pure; any thread. Allocates where a message has more than 64 records or
 * comes in pieces.
 */
#ifndef GATEWAY_WIRE_NORMAL_H
#define GATEWAY_WIRE_NORMAL_H

#include "gateway/transcode.h"

/* Messages inside messages: as many as JSON of GW_NESTING_MAX can need, of which a Struct in a
 * Struct takes three (the Struct, the entry of its map, the Value). */
#define GW_WIRE_NESTING_MAX (3 * GW_NESTING_MAX + 3)

/* Bytes that the normal form of `len` bytes has at most: an element of one byte in a packed run may
 * come to stand alone behind a tag of five, and the lengths around it grow with it. */
#define GW_WIRE_NORMAL_BYTES_MAX(len) (8 * (len))

/* Appends the normal form of `wire`, a message of `type`. Where `schema` is not NULL, the payload
 * of a google.protobuf.Any is brought into its normal form, too, if its type is found there.
 * INTERNAL when the bytes are damaged or nested too deep; RESOURCE_EXHAUSTED past the buffer's
 * maximum. */
bool gw_wire_normalize(const struct gw_message *type, struct base_str wire,
                       const struct gw_schema *schema, struct base_buf *out,
                       struct base_err *err) BASE_MUST_CHECK;

#endif
