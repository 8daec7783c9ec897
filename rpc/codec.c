/* One pass over the bytes proves everything that protobuf-c does not, and notices what it would
 * misread; only then, and rarely, codec_rewrite makes another encoding. The bytes go to
 * protobuf_c_message_unpack otherwise as they came. */
#include "rpc/codec.h"

#include "base/utf8.h"
#include "rpc/codec_field.h"
#include "rpc/codec_rewrite.h"

/* Bytes of a field path in an error message. */
#define PATH_SIZE 160

/* Where in the message the check stands; a chain from the field back to the outermost message. */
struct place {
    const struct place *outer;
    const ProtobufCFieldDescriptor *field;
    size_t depth;
};

struct check {
    const char *start; /* of the outermost message */
    bool misread;      /* protobuf-c would not read it as meant */
    struct base_err *err;
};

/* Writes "note.title" from the outside in; what does not fit is cut. */
static size_t write_path(const struct place *place, char *out, size_t len)
{
    if (place == NULL || place->field == NULL) {
        return len;
    }
    len = write_path(place->outer, out, len);
    if (len > 0 && len < PATH_SIZE - 1) {
        out[len++] = '.';
    }
    for (const char *c = place->field->name; *c != '\0' && len < PATH_SIZE - 1; c++) {
        out[len++] = *c;
    }
    return len;
}

static bool fail(const struct check *check, const struct place *place, const char *at,
                 const char *problem)
{
    char path[PATH_SIZE];
    size_t len = write_path(place, path, 0);
    path[len] = '\0';
    return base_err_set(check->err, BASE_INVALID_ARGUMENT, "message at byte %zu%s%s: %s",
                        (size_t)(at - check->start), len > 0 ? ", " : "", path, problem);
}

/* Tells no offset: valid wire bytes may come from JSON, where the offset would be another. */
static bool refuse_nul(const struct check *check, const struct place *place)
{
    char path[PATH_SIZE];
    path[write_path(place, path, 0)] = '\0';
    return base_err_set(check->err, BASE_INVALID_ARGUMENT,
                        "%s: a string contains U+0000, which is not supported", path);
}

/* A NUL is valid text, but in a C string it would silently end the value there. */
static bool check_string(const struct check *check, const struct place *place, struct base_str text)
{
    size_t valid = base_utf8_valid_len(text);
    if (valid < text.len) {
        return fail(check, place, text.data + valid, "a string is not valid UTF-8");
    }
    if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL) {
        return refuse_nul(check, place);
    }
    return true;
}

static bool check_message(struct check *check, const ProtobufCMessageDescriptor *type,
                          struct base_str wire, const struct place *place);

static bool check_record(struct check *check, const ProtobufCFieldDescriptor *field,
                         const struct base_wire_record *record, const struct place *outer)
{
    struct place place = {outer, field, outer->depth + 1};
    switch (rpc_codec_fit(field, record->type)) {
    case RPC_CODEC_UNKNOWN:
        check->misread |= field != NULL || record->type == BASE_WIRE_START_GROUP;
        return true;
    case RPC_CODEC_SINGLE:
        return field->type != PROTOBUF_C_TYPE_STRING || check_string(check, &place, record->bytes);
    case RPC_CODEC_PACKED:
        return rpc_codec_run_is_whole(field->type, record->bytes) ||
               fail(check, &place, record->whole.data, "a packed field breaks off");
    case RPC_CODEC_ELEMENT:
    case RPC_CODEC_MESSAGE:
        break;
    }
    if (place.depth > RPC_CODEC_NESTING_MAX) {
        return fail(check, &place, record->whole.data, "messages are nested too deep");
    }
    return check_message(check, field->descriptor, record->bytes, &place);
}

/* Most messages carry their fields in order, so the field after the last one is tried first. */
static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type,
                                                  uint32_t number, unsigned *hint)
{
    if (*hint < type->n_fields && type->fields[*hint].id == number) {
        return &type->fields[(*hint)++];
    }
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(type, number);
    if (field != NULL) {
        *hint = (unsigned)(field - type->fields) + 1;
    }
    return field;
}

/* `seen` has one bit for the fields of an index modulo 64: two of one bit cost a rewrite that was
 * not needed, and no more. */
static bool check_message(struct check *check, const ProtobufCMessageDescriptor *type,
                          struct base_str wire, const struct place *place)
{
    struct base_wire_reader reader = base_wire_reader_make(wire);
    unsigned hint = 0;
    uint64_t seen = 0;
    while (!base_wire_at_end(&reader)) {
        struct base_wire_record record;
        if (!base_wire_next(&reader, &record)) {
            return fail(check, place, (const char *)reader.next, reader.problem);
        }
        const ProtobufCFieldDescriptor *field = find_field(type, record.number, &hint);
        if (!check_record(check, field, &record, place)) {
            return false;
        }
        if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE &&
            field->label != PROTOBUF_C_LABEL_REPEATED) {
            uint64_t bit = UINT64_C(1) << ((field - type->fields) % 64);
            check->misread |= (seen & bit) != 0;
            seen |= bit;
        }
    }
    return true;
}

static bool out_of_memory(struct base_err *err)
{
    return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the message needs too much memory");
}

static void *arena_alloc(void *arena, size_t size)
{
    return base_arena_alloc(arena, size);
}

static void arena_free(void *arena, void *block)
{
    (void)arena;
    (void)block;
}

ProtobufCAllocator rpc_codec_allocator(struct base_arena *arena)
{
    return (ProtobufCAllocator){.alloc = arena_alloc, .free = arena_free, .allocator_data = arena};
}

/* An arena that remembers whether it ever said no: protobuf-c does not tell why it failed. */
struct watched_arena {
    struct base_arena *arena;
    bool exhausted;
};

static void *watched_alloc(void *data, size_t size)
{
    struct watched_arena *watched = data;
    void *out = base_arena_alloc(watched->arena, size);
    watched->exhausted |= out == NULL;
    return out;
}

bool rpc_codec_unpack(const ProtobufCMessageDescriptor *type, struct base_str wire,
                      struct base_arena *arena, ProtobufCMessage **out_message,
                      struct base_err *err)
{
    struct check check = {.start = wire.data, .err = err};
    struct place outermost = {0};
    if (!check_message(&check, type, wire, &outermost)) {
        return false;
    }
    if (check.misread && !rpc_codec_rewrite(type, wire, arena, &wire)) {
        return out_of_memory(err);
    }
    struct watched_arena watched = {.arena = arena};
    ProtobufCAllocator allocator = {watched_alloc, arena_free, &watched};
    ProtobufCMessage *message =
        protobuf_c_message_unpack(type, &allocator, wire.len, (const uint8_t *)wire.data);
    if (message == NULL) {
        return watched.exhausted ? out_of_memory(err)
                                 : base_err_set(err, BASE_INVALID_ARGUMENT,
                                                "message %s lacks a required field", type->name);
    }
    *out_message = message;
    return true;
}

bool rpc_codec_check(const ProtobufCMessageDescriptor *type, struct base_str wire,
                     struct base_err *err)
{
    struct check check = {.start = wire.data, .err = err};
    struct place outermost = {0};
    return check_message(&check, type, wire, &outermost);
}

/* protobuf-c packs an unknown field as its tag and then the bytes it was given, whatever they are:
 * so the first tag of the wire, and all that follows it, pass for one such field. */
bool rpc_codec_seal(const ProtobufCMessageDescriptor *type, struct base_str wire,
                    struct base_arena *arena, ProtobufCMessage **out_message, struct base_err *err)
{
    ProtobufCMessage *message = base_arena_alloc(arena, type->sizeof_message);
    ProtobufCMessageUnknownField *field = base_arena_alloc(arena, sizeof *field);
    if (message == NULL || field == NULL) {
        return out_of_memory(err);
    }
    protobuf_c_message_init(type, message);
    if (wire.len > 0) {
        const uint8_t *next = (const uint8_t *)wire.data;
        uint32_t tag = 0;
        for (unsigned shift = 0;; shift += 7) {
            tag |= (uint32_t)(*next & 0x7F) << shift;
            if (*next++ < 0x80) {
                break;
            }
        }
        *field = (ProtobufCMessageUnknownField){
            .tag = tag >> 3,
            .wire_type = (ProtobufCWireType)(tag & 7),
            .len = wire.len - (size_t)((const char *)next - wire.data),
            .data = (uint8_t *)(uintptr_t)next,
        };
        message->unknown_fields = field;
        message->n_unknown_fields = 1;
    }
    *out_message = message;
    return true;
}

bool rpc_codec_pack(const ProtobufCMessage *message, struct base_buf *out, struct base_err *err)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size == 0) {
        return true;
    }
    if (!base_buf_reserve(out, size)) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED,
                            "the message has %zu bytes; at most %zu are allowed", size,
                            out->max_bytes - out->len);
    }
    out->len += protobuf_c_message_pack(message, (uint8_t *)base_buf_end(out));
    return true;
}
