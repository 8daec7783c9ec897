/* Codec rewrite: an equivalent encoding that protobuf-c 1.4.1 reads as the specification means it.
 *
 * What it cannot read, or reads wrongly, and what is written instead:
 * - a singular message that comes more than once: one record with the payloads joined, which is
 *   what merging means (protobuf-c loses proto3 scalars of the earlier one, replaces instead of
 *   merging in a oneof, and fails where a oneof is unset in both);
 * - groups, and known fields with another wire type than theirs, which count as unknown: left out
 *   (protobuf-c refuses both, or reads a bool out of any bytes).
 */
#ifndef RPC_CODEC_REWRITE_H
#define RPC_CODEC_REWRITE_H

#include "base/arena.h"

#include <protobuf-c/protobuf-c.h>

/* Rewrites `wire`, which has been checked, into `arena`; false when that is used up. The result is
 * never longer than `wire`. */
bool rpc_codec_rewrite(const ProtobufCMessageDescriptor *type, struct base_str wire,
                       struct base_arena *arena, struct base_str *out_wire);

#endif
