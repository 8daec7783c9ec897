/* Two passes over each message: the first gathers the payloads of every singular message, the
 * second copies records and writes each gathered run where its last piece stood. Joining needs no
 * more room than the pieces had, so the output fits in as many bytes as the input. */
#include "rpc/codec_rewrite.h"

#include "rpc/codec_field.h"

#include <assert.h>

struct piece {
    struct base_str payload;
    struct piece *next;
};

/* The pieces of one singular message field. */
struct run {
    struct piece *first;
    struct piece *last;
    const char *last_record; /* where the last piece's record starts */
    size_t bytes;
};

struct rewriter {
    struct base_arena *arena;
    uint8_t *out;
};

/* The last one set in a oneof wins: forgets the runs of the other members. */
static void supersede(const ProtobufCMessageDescriptor *type,
                      const ProtobufCFieldDescriptor *winner, struct run *runs)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (field != winner && (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
            field->quantifier_offset == winner->quantifier_offset) {
            runs[i] = (struct run){0};
        }
    }
}

static bool add_piece(struct rewriter *rewriter, struct run *run,
                      const struct base_wire_record *record)
{
    struct piece *piece = base_arena_alloc(rewriter->arena, sizeof *piece);
    if (piece == NULL) {
        return false;
    }
    *piece = (struct piece){.payload = record->bytes};
    if (run->first == NULL) {
        run->first = piece;
    } else {
        run->last->next = piece;
    }
    run->last = piece;
    run->last_record = record->whole.data;
    run->bytes += record->bytes.len;
    return true;
}

/* out_runs stays NULL where the message has no singular message in it. */
static bool gather(struct rewriter *rewriter, const ProtobufCMessageDescriptor *type,
                   struct base_str wire, struct run **out_runs)
{
    struct run *runs = NULL;
    struct base_wire_reader reader = base_wire_reader_make(wire);
    struct base_wire_record record;
    while (!base_wire_at_end(&reader) && base_wire_next(&reader, &record)) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(type, record.number);
        enum rpc_codec_fit fit = rpc_codec_fit(field, record.type);
        if (fit == RPC_CODEC_UNKNOWN) {
            continue;
        }
        if (fit == RPC_CODEC_MESSAGE && runs == NULL) {
            runs = base_arena_calloc(rewriter->arena, type->n_fields * sizeof *runs);
            if (runs == NULL) {
                return false;
            }
        }
        if (runs != NULL && (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
            supersede(type, field, runs);
        }
        if (fit == RPC_CODEC_MESSAGE &&
            !add_piece(rewriter, &runs[field - type->fields], &record)) {
            return false;
        }
    }
    *out_runs = runs;
    return true;
}

static bool join(struct rewriter *rewriter, const struct run *run, struct base_str *out_payload)
{
    if (run->first == run->last) {
        *out_payload = run->first->payload;
        return true;
    }
    char *joined = base_arena_alloc(rewriter->arena, run->bytes);
    if (joined == NULL) {
        return false;
    }
    char *end = joined;
    for (const struct piece *piece = run->first; piece != NULL; piece = piece->next) {
        memcpy(end, piece->payload.data, piece->payload.len);
        end += piece->payload.len;
    }
    *out_payload = base_str_make(joined, run->bytes);
    return true;
}

static void copy(struct rewriter *rewriter, struct base_str bytes)
{
    memcpy(rewriter->out, bytes.data, bytes.len);
    rewriter->out += bytes.len;
}

static size_t varint_size(size_t value)
{
    size_t size = 1;
    for (; value >= 0x80; value >>= 7) {
        size++;
    }
    return size;
}

/* Stores `value` in exactly `size` bytes, which may be more than it needs. */
static void put_padded_varint(uint8_t *out, size_t value, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++, value >>= 7) {
        *out++ = (uint8_t)(value | 0x80);
    }
    *out = (uint8_t)(value & 0x7F);
}

static bool rewrite_message(struct rewriter *rewriter, const ProtobufCMessageDescriptor *type,
                            struct base_str wire);

/* Room for the length is taken for what goes in; less may come out, and then the length is written
 * with leading zeros, which is valid and saves moving the payload. */
static bool rewrite_nested(struct rewriter *rewriter, const ProtobufCFieldDescriptor *field,
                           struct base_str payload)
{
    uint32_t tag = field->id << 3 | BASE_WIRE_LEN;
    rewriter->out = base_wire_put_varint(rewriter->out, tag);
    uint8_t *length = rewriter->out;
    size_t length_size = varint_size(payload.len);
    rewriter->out += length_size;
    uint8_t *start = rewriter->out;
    if (!rewrite_message(rewriter, field->descriptor, payload)) {
        return false;
    }
    put_padded_varint(length, (size_t)(rewriter->out - start), length_size);
    return true;
}

static bool rewrite_record(struct rewriter *rewriter, const ProtobufCMessageDescriptor *type,
                           const struct base_wire_record *record, const struct run *runs)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(type, record->number);
    switch (rpc_codec_fit(field, record->type)) {
    case RPC_CODEC_UNKNOWN:
        if (field == NULL && record->type != BASE_WIRE_START_GROUP) {
            copy(rewriter, record->whole);
        }
        return true;
    case RPC_CODEC_SINGLE:
    case RPC_CODEC_PACKED:
        copy(rewriter, record->whole);
        return true;
    case RPC_CODEC_ELEMENT:
        return rewrite_nested(rewriter, field, record->bytes);
    case RPC_CODEC_MESSAGE:
        break;
    }
    assert(runs != NULL && "gather has seen the record");
    const struct run *run = &runs[field - type->fields];
    if (run->last_record != record->whole.data) {
        return true;
    }
    struct base_str payload;
    return join(rewriter, run, &payload) && rewrite_nested(rewriter, field, payload);
}

static bool rewrite_message(struct rewriter *rewriter, const ProtobufCMessageDescriptor *type,
                            struct base_str wire)
{
    struct run *runs = NULL;
    if (!gather(rewriter, type, wire, &runs)) {
        return false;
    }
    struct base_wire_reader reader = base_wire_reader_make(wire);
    struct base_wire_record record;
    while (!base_wire_at_end(&reader) && base_wire_next(&reader, &record)) {
        if (!rewrite_record(rewriter, type, &record, runs)) {
            return false;
        }
    }
    return true;
}

bool rpc_codec_rewrite(const ProtobufCMessageDescriptor *type, struct base_str wire,
                       struct base_arena *arena, struct base_str *out_wire)
{
    uint8_t *start = base_arena_alloc(arena, wire.len);
    if (start == NULL) {
        return false;
    }
    struct rewriter rewriter = {.arena = arena, .out = start};
    if (!rewrite_message(&rewriter, type, wire)) {
        return false;
    }
    *out_wire = base_str_make((const char *)start, (size_t)(rewriter.out - start));
    return true;
}
