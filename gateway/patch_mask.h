/* Patch mask: which fields a PATCH body sends.
 *
 * Walks JSON beside the message it becomes. Each leaf gives its dotted path in proto names; a list,
 * a map, null, an empty object and every well-known type (Any, Struct and Value, too: their insides
 * are data, not fields) end the path at their field. So {"title":"x","author":{"age":null}} gives
 * author.age and title. What was ignored gives none, neither a name that is unknown nor an object
 * of only such names: a mask that named its field would have the service clear it. Paths are
 * sorted. Pure; any thread.
 */
#ifndef GATEWAY_PATCH_MASK_H
#define GATEWAY_PATCH_MASK_H

#include "gateway/transcode.h"

/* Appends field `mask` (a google.protobuf.FieldMask) with the paths of `json` to `out`; nothing
 * when there are none. `json` has been read as a `type` by gw_json_to_wire_field, so it is well
 * formed, and names that its types and enums do not have are to be passed over. RESOURCE_EXHAUSTED
 * past the buffer's maximum. */
bool gw_patch_mask_from_json(const struct gw_field *mask, const struct gw_message *type,
                             struct base_str json, struct base_buf *out,
                             struct base_err *err) BASE_MUST_CHECK;

#endif
