/* Field path: from a message through singular messages to a field, "note.note_id".
 *
 * What path variables and query parameters name. Borrows the schema's fields. Pure; any thread.
 */
#ifndef GATEWAY_FIELD_PATH_H
#define GATEWAY_FIELD_PATH_H

#include "gateway/transcode.h"

/* Fields of one path. */
#define GW_FIELD_PATH_MAX 16

/* Bytes of a path as text, the NUL included; a longer one is cut. */
#define GW_FIELD_PATH_TEXT_SIZE 160

/* "note.note_id": each field but the last is a singular message. */
struct gw_field_path {
    const struct gw_field *fields[GW_FIELD_PATH_MAX];
    size_t count;
};

/* How two paths from the same message meet. */
enum gw_field_relation {
    GW_FIELDS_APART,
    GW_FIELDS_SAME,
    GW_FIELDS_INSIDE, /* one leads to a field inside the other's */
    GW_FIELDS_ONEOF,  /* through two members of one oneof */
};

/* Resolves "note.note_id" or "note.noteId" from `message`. NOT_FOUND when a name is unknown;
 * INVALID_ARGUMENT when a field on the way is not a singular message or the path is too long. The
 * error names the field; the caller says where the text stands. */
bool gw_field_path_resolve(const struct gw_message *message, struct base_str text,
                           struct gw_field_path *out_path, struct base_err *err) BASE_MUST_CHECK;

/* The field the path ends at. */
static inline const struct gw_field *gw_field_path_last(const struct gw_field_path *path)
{
    return path->fields[path->count - 1];
}

/* Whether the path goes through a message that ProtoJSON writes in a way of its own, whose parts
 * may each be fine and make no value together. */
bool gw_field_path_enters_well_known(const struct gw_field_path *path);

/* Writes the path in proto names with dots. */
void gw_field_path_text(const struct gw_field_path *path, char out[GW_FIELD_PATH_TEXT_SIZE]);

enum gw_field_relation gw_field_path_relation(const struct gw_field_path *a,
                                              const struct gw_field_path *b);

/* Whether one value of `field` can stand as text: scalars, enums, bytes, and the messages that
 * ProtoJSON writes as one (Timestamp, Duration, FieldMask, wrappers). */
bool gw_field_is_text(const struct gw_field *field);

/* Appends `text` as the value of the path's last field, inside records of the messages on the way.
 * Fails as gw_text_to_wire_field does. */
bool gw_field_path_to_wire(const struct gw_field_path *path, struct base_str text,
                           const struct gw_transcode_options *options, struct base_buf *out,
                           struct base_err *err) BASE_MUST_CHECK;

#endif
