/* Mask text: the paths of a google.protobuf.FieldMask between "noteId,a.b" and note_id, a.b.
 *
 * ProtoJSON joins the paths with commas and writes their names in lowerCamelCase. Only what comes
 * back the same is converted: anything else is refused. Pure; any thread.
 */
#ifndef GATEWAY_MASK_TEXT_H
#define GATEWAY_MASK_TEXT_H

#include "base/str.h"

/* Room that gw_path_to_snake and gw_path_to_camel need for a path of `len` bytes. */
#define GW_PATH_BYTES_MAX(len) (2 * (len))

/* Takes the next path off the front of `mask`; false when none is left. */
bool gw_mask_next(struct base_str *mask, struct base_str *out_path);

/* Writes a camelCase path in snake_case at `out`; false when it is empty or holds an underscore or
 * what JSON would escape. */
bool gw_path_to_snake(struct base_str path, char *out, size_t *out_len);

/* Writes a snake_case path in camelCase at `out`; false when that would not lead back: it is empty,
 * holds a capital, a comma, what JSON would escape or an underscore not before a small letter. */
bool gw_path_to_camel(struct base_str path, char *out, size_t *out_len);

#endif
