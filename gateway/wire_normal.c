/* One walk over the records in the order of their fields, and one over those that are unknown.
 * Nested messages go the same way, behind their tag; their length is put in front of them when it
 * is known. */
#include "gateway/wire_normal.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "gateway/scalar.h"
#include "gateway/well_known.h"
#include "gateway/wire_field.h"
#include "gateway/wire_order.h"

#include <assert.h>

struct normalizer {
    const struct gw_schema *schema;
    struct base_buf *out;
    struct base_err *err;
    int depth;
};

/* The records of one field, which have been read before. */
struct run {
    const struct gw_field *field;
    struct base_str wire; /* of the message */
    const uint64_t *keys;
    size_t count;
};

static bool full(struct normalizer *n)
{
    return base_err_set(n->err, BASE_RESOURCE_EXHAUSTED,
                        "the message would be larger than %zu bytes", n->out->max_bytes);
}

static bool damaged(struct normalizer *n, const struct gw_message *type)
{
    return base_err_set(n->err, BASE_INTERNAL, "damaged bytes in a %.*s",
                        BASE_STR_ARGS(type->full_name));
}

static bool append(struct normalizer *n, const void *bytes, size_t len)
{
    return base_buf_append(n->out, bytes, len) || full(n);
}

static bool append_varint(struct normalizer *n, uint64_t value)
{
    uint8_t bytes[BASE_VARINT_BYTES_MAX];
    return append(n, bytes, (size_t)(base_wire_put_varint(bytes, value) - bytes));
}

static struct base_wire_record record_at(const struct run *run, size_t index)
{
    size_t place = gw_wire_order_place(run->keys[index]);
    struct base_wire_reader reader =
        base_wire_reader_make(base_str_make(run->wire.data + place, run->wire.len - place));
    struct base_wire_record record = {0};
    bool ok = base_wire_next(&reader, &record);
    assert(ok && "gw_wire_order_init has read it");
    (void)ok;
    gw_record_open_item(run->field->parent, &record);
    return record;
}

static bool normalize(struct normalizer *n, const struct gw_message *type, struct base_str wire);

static bool put_bits(struct normalizer *n, const struct gw_field *field, uint64_t bits)
{
    uint8_t bytes[BASE_VARINT_BYTES_MAX];
    uint8_t *end = gw_put_bits(bytes, field->type, gw_bits_normal(field->type, bits));
    return append(n, bytes, (size_t)(end - bytes));
}

static bool put_scalar(struct normalizer *n, const struct gw_field *field, uint64_t bits)
{
    return gw_bits_are_foreign(field, bits) ||
           ((field->is_packed || append(n, field->tag, field->tag_len)) &&
            put_bits(n, field, bits));
}

static bool put_packed(struct normalizer *n, const struct gw_field *field, struct base_str packed)
{
    struct base_wire_reader reader = base_wire_reader_make(packed);
    while (!base_wire_at_end(&reader)) {
        uint64_t bits;
        if (!gw_wire_next_packed(&reader, field->type, &bits)) {
            return damaged(n, field->parent);
        }
        if (!put_scalar(n, field, bits)) {
            return false;
        }
    }
    return true;
}

/* A list of scalars, packed or not, whichever way each of them came. */
static bool put_scalars(struct normalizer *n, const struct run *run)
{
    const struct gw_field *field = run->field;
    size_t before = n->out->len;
    if (field->is_packed && !append(n, field->tag, field->tag_len)) {
        return false;
    }
    size_t start = n->out->len;
    for (size_t i = 0; i < run->count; i++) {
        struct base_wire_record record = record_at(run, i);
        if (!(gw_record_is_packed(field, &record) ? put_packed(n, field, record.bytes)
                                                  : put_scalar(n, field, record.scalar))) {
            return false;
        }
    }
    if (n->out->len == start) {
        n->out->len = before;
        return true;
    }
    return !field->is_packed || base_wire_close_length(n->out, start) || full(n);
}

static bool put_text(struct normalizer *n, const struct gw_field *field, struct base_str text)
{
    if (field->checks_utf8 && !base_utf8_valid(text)) {
        return base_err_set(n->err, BASE_INTERNAL, "invalid UTF-8 in %.*s.%.*s",
                            BASE_STR_ARGS(field->parent->full_name), BASE_STR_ARGS(field->name));
    }
    return append(n, field->tag, field->tag_len) && append_varint(n, text.len) &&
           append(n, text.data, text.len);
}

static bool put_message(struct normalizer *n, const struct gw_field *field,
                        const struct gw_message *type, struct base_str wire)
{
    if (!append(n, field->tag, field->tag_len)) {
        return false;
    }
    size_t start = n->out->len;
    if (!normalize(n, type, wire)) {
        return false;
    }
    if (field->type == GW_GROUP) {
        return base_wire_end_group(n->out, field->number) || full(n);
    }
    return (base_wire_close_length(n->out, start) || full(n)) &&
           (!field->parent->is_message_set || append_varint(n, GW_ITEM_END_TAG));
}

/* A message that came in pieces is what they are one behind the other. */
static bool put_merged(struct normalizer *n, const struct run *run)
{
    size_t len = 0;
    for (size_t i = 0; i < run->count; i++) {
        len += record_at(run, i).bytes.len;
    }
    char *merged = base_alloc(len);
    char *end = merged;
    for (size_t i = 0; i < run->count; i++) {
        struct base_str piece = record_at(run, i).bytes;
        if (piece.len > 0) {
            memcpy(end, piece.data, piece.len);
            end += piece.len;
        }
    }
    bool ok = put_message(n, run->field, run->field->message, base_str_make(merged, len));
    base_free(merged);
    return ok;
}

static bool put_element(struct normalizer *n, const struct gw_field *field,
                        const struct base_wire_record *record)
{
    if (field->message != NULL) {
        return put_message(n, field, field->message, record->bytes);
    }
    if (field->type == GW_STRING || field->type == GW_BYTES) {
        return put_text(n, field, record->bytes);
    }
    return append(n, field->tag, field->tag_len) && put_bits(n, field, record->scalar);
}

static bool put_run(struct normalizer *n, const struct run *run)
{
    const struct gw_field *field = run->field;
    if (!field->is_repeated) {
        if (field->message != NULL && run->count > 1) {
            return put_merged(n, run);
        }
        struct base_wire_record last = record_at(run, run->count - 1);
        return gw_record_is_zero(field, &last) || put_element(n, field, &last);
    }
    if (gw_type_has_bits(field->type)) {
        return put_scalars(n, run);
    }
    for (size_t i = 0; i < run->count; i++) {
        struct base_wire_record record = record_at(run, i);
        if (!put_element(n, field, &record)) {
            return false;
        }
    }
    return true;
}

/* The payload of an Any as a message of the type that its URL names. */
static bool put_any(struct normalizer *n, const struct run *url, const struct run *value)
{
    struct base_str name = record_at(url, url->count - 1).bytes;
    const struct gw_message *type = gw_any_type(n->schema, name);
    return type == NULL
               ? put_run(n, value)
               : put_message(n, value->field, type, record_at(value, value->count - 1).bytes);
}

static bool put_fields(struct normalizer *n, const struct gw_message *type, struct base_str wire,
                       const struct gw_wire_order *order)
{
    struct run before = {0};
    for (size_t i = 0; i < order->count;) {
        uint32_t index = gw_wire_order_field(order->keys[i]);
        struct run run = {.field = &type->fields[index], .wire = wire, .keys = order->keys + i};
        while (i < order->count && gw_wire_order_field(order->keys[i]) == index) {
            run.count++;
            i++;
        }
        bool is_payload = type->well_known == GW_ANY && index == GW_ANY_VALUE && before.count > 0;
        if (!(is_payload ? put_any(n, &before, &run) : put_run(n, &run))) {
            return false;
        }
        before = run;
    }
    return true;
}

/* Elements of a packed run that a closed enum lacks. */
static bool put_foreign(struct normalizer *n, const struct gw_field *field, struct base_str packed)
{
    struct base_wire_reader reader = base_wire_reader_make(packed);
    while (!base_wire_at_end(&reader)) {
        uint64_t bits;
        if (!gw_wire_next_packed(&reader, field->type, &bits)) {
            return damaged(n, field->parent);
        }
        if (gw_bits_are_foreign(field, bits) &&
            !(append_varint(n, (uint64_t)field->number << 3 | BASE_WIRE_VARINT) &&
              append_varint(n, bits))) {
            return false;
        }
    }
    return true;
}

static bool put_unknown(struct normalizer *n, const struct gw_message *type, struct base_str wire)
{
    struct base_wire_reader reader = base_wire_reader_make(wire);
    while (!base_wire_at_end(&reader)) {
        struct base_wire_record record;
        if (!base_wire_next(&reader, &record)) {
            return damaged(n, type);
        }
        gw_record_open_item(type, &record);
        const struct gw_field *field = gw_message_field_by_number(type, record.number);
        bool is_known = field != NULL && gw_record_fits(field, &record);
        bool has_foreign = is_known && field->type == GW_ENUM && field->enumeration->is_closed &&
                           record.type == BASE_WIRE_LEN;
        if (!(is_known ? !has_foreign || put_foreign(n, field, record.bytes)
                       : append(n, record.whole.data, record.whole.len))) {
            return false;
        }
    }
    return true;
}

static bool normalize(struct normalizer *n, const struct gw_message *type, struct base_str wire)
{
    if (n->depth == GW_WIRE_NESTING_MAX) {
        return base_err_set(n->err, BASE_INTERNAL, "messages nested deeper than %d",
                            GW_WIRE_NESTING_MAX);
    }
    n->depth++;
    struct gw_wire_order order;
    bool ok = (gw_wire_order_init(&order, type, wire) || damaged(n, type)) &&
              put_fields(n, type, wire, &order) && put_unknown(n, type, wire);
    gw_wire_order_dispose(&order);
    n->depth--;
    return ok;
}

bool gw_wire_normalize(const struct gw_message *type, struct base_str wire,
                       const struct gw_schema *schema, struct base_buf *out, struct base_err *err)
{
    if (wire.len > UINT32_MAX) {
        return base_err_set(err, BASE_INTERNAL, "a message of more than 4 GiB");
    }
    size_t before = out->len;
    struct normalizer n = {.schema = schema, .out = out, .err = err};
    if (normalize(&n, type, wire)) {
        return true;
    }
    out->len = before;
    return false;
}
