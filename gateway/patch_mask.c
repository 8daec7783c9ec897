/* Patch mask: the walk keeps the path to where it stands in one buffer, and copies it to another at
 * each leaf. The paths are sorted when all are there.
 */
#include "gateway/patch_mask.h"

#include "base/mem.h"
#include "base/wire.h"
#include "gateway/json_reader.h"

#include <stdlib.h>

/* Field 1 of google.protobuf.FieldMask, a string, as its tag on the wire. */
#define PATHS_TAG 0x0A

struct walk {
    struct gw_reader reader;
    struct base_buf prefix; /* "author.age" */
    struct base_buf texts;  /* the paths found, one behind another */
    struct base_buf ends;   /* size_t: where each of them ends in texts */
    struct base_err *err;
};

static bool too_large(struct base_err *err)
{
    return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the request is too large");
}

static bool add_path(struct walk *walk)
{
    if (!base_buf_append_str(&walk->texts, base_buf_str(&walk->prefix))) {
        return too_large(walk->err);
    }
    size_t end = walk->texts.len;
    return base_buf_append(&walk->ends, &end, sizeof end) || too_large(walk->err);
}

/* Appends a field's name; returns the length to go back to. */
static bool enter(struct walk *walk, const struct gw_field *field, size_t *out_back)
{
    *out_back = walk->prefix.len;
    return ((*out_back == 0 || base_buf_append_char(&walk->prefix, '.')) &&
            base_buf_append_str(&walk->prefix, field->name)) ||
           too_large(walk->err);
}

static bool walk_object(struct walk *walk, const struct gw_message *type, bool *out_is_empty);

/* Walks the value of an enum, which set nothing if it is a name that was ignored. */
static bool walk_enum(struct walk *walk, const struct gw_enum *enumeration)
{
    struct base_str name;
    return gw_reader_string(&walk->reader, &name) &&
           (gw_enum_by_name(enumeration, name) == NULL || add_path(walk));
}

/* Walks the value of `field`, which the prefix names. */
static bool walk_value(struct walk *walk, const struct gw_field *field)
{
    char first = gw_reader_peek(&walk->reader);
    if (field->message != NULL && !field->is_repeated && first == '{' &&
        field->message->well_known == GW_PLAIN_MESSAGE) {
        bool is_empty;
        return walk_object(walk, field->message, &is_empty) && (!is_empty || add_path(walk));
    }
    if (field->type == GW_ENUM && !field->is_repeated && first == '"') {
        return walk_enum(walk, field->enumeration);
    }
    return gw_reader_skip(&walk->reader) && add_path(walk);
}

/* Walks one member of an object, from its key. */
static bool walk_member(struct walk *walk, const struct gw_message *type)
{
    struct base_str key;
    struct base_str raw;
    if (!gw_reader_key(&walk->reader, &key, &raw)) {
        return false;
    }
    const struct gw_field *field = gw_message_field_by_text(type, key);
    if (field == NULL) {
        return gw_reader_skip(&walk->reader);
    }
    size_t back;
    if (!enter(walk, field, &back) || !walk_value(walk, field)) {
        return false;
    }
    walk->prefix.len = back;
    return true;
}

/* Walks the members of an object, of which there may be none. */
static bool walk_object(struct walk *walk, const struct gw_message *type, bool *out_is_empty)
{
    if (!gw_reader_open(&walk->reader, '{')) {
        return false;
    }
    *out_is_empty = gw_reader_is_empty(&walk->reader, '}');
    if (*out_is_empty) {
        return true;
    }
    bool more;
    do {
        if (!walk_member(walk, type) || !gw_reader_more(&walk->reader, '}', &more)) {
            return false;
        }
    } while (more);
    return true;
}

static int compare_paths(const void *a, const void *b)
{
    const struct base_str *left = a;
    const struct base_str *right = b;
    size_t shorter = left->len < right->len ? left->len : right->len;
    int order = memcmp(left->data, right->data, shorter);
    return order != 0 ? order : (left->len > right->len) - (left->len < right->len);
}

static bool write_path(struct base_str path, struct base_buf *out)
{
    uint8_t head[1 + BASE_VARINT_BYTES_MAX] = {PATHS_TAG};
    size_t len = (size_t)(base_wire_put_varint(head + 1, path.len) - head);
    return base_buf_append(out, head, len) && base_buf_append_str(out, path);
}

/* Appends the mask with the paths that were found, sorted. */
static bool write_mask(struct walk *walk, const struct gw_field *mask, struct base_buf *out)
{
    size_t count = walk->ends.len / sizeof(size_t);
    struct base_str *paths = base_calloc(count, sizeof *paths);
    size_t start = 0;
    for (size_t i = 0; i < count; i++) {
        size_t end;
        memcpy(&end, walk->ends.data + i * sizeof end, sizeof end);
        paths[i] = base_str_make(walk->texts.data + start, end - start);
        start = end;
    }
    qsort(paths, count, sizeof *paths, compare_paths);
    bool fine = base_buf_append(out, mask->tag, mask->tag_len);
    size_t payload = out->len;
    for (size_t i = 0; i < count && fine; i++) {
        fine = write_path(paths[i], out);
    }
    base_free(paths);
    return (fine && base_wire_close_length(out, payload)) || too_large(walk->err);
}

bool gw_patch_mask_from_json(const struct gw_field *mask, const struct gw_message *type,
                             struct base_str json, struct base_buf *out, struct base_err *err)
{
    static const struct gw_transcode_options options = {0};
    const struct gw_place root = {.index = GW_NO_INDEX};
    struct base_buf scratch; /* decoded keys */
    struct walk walk = {.err = err};
    size_t room = out->max_bytes - out->len;
    base_buf_init(&scratch, json.len + GW_SCRATCH_GAP);
    base_buf_init(&walk.prefix, room);
    base_buf_init(&walk.texts, room);
    base_buf_init(&walk.ends, SIZE_MAX); /* less than the JSON's own bytes times eight */
    walk.reader = (struct gw_reader){.start = json.data,
                                     .next = json.data,
                                     .end = json.data + json.len,
                                     .options = &options,
                                     .out = &scratch,
                                     .err = err,
                                     .place = &root};
    gw_reader_space(&walk.reader);
    bool is_empty;
    bool fine = gw_reader_peek(&walk.reader) != '{' || walk_object(&walk, type, &is_empty);
    if (fine && walk.ends.len > 0) {
        fine = write_mask(&walk, mask, out);
    }
    base_buf_dispose(&scratch);
    base_buf_dispose(&walk.prefix);
    base_buf_dispose(&walk.texts);
    base_buf_dispose(&walk.ends);
    return fine;
}
