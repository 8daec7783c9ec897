/* Maps: a list of entries with a key and a value, where the last entry of a key wins. Entries are
 * walked twice, first to see whether a key comes again: keys that only rise, as most serializers
 * that sort write them, need nothing remembered. */
#include "gateway/key_set.h"
#include "gateway/wire_to_json.h"

#define KEY 0
#define VALUE 1

struct entry {
    struct gw_key key;
    struct base_str key_text;
    struct base_wire_record value;
    bool has_value;
    bool is_split;   /* a message value in several pieces */
    bool is_foreign; /* only values that a closed enum lacks: as if the entry were not there */
};

/* A key as the number it stands for. */
static uint64_t key_number(enum gw_type type, uint64_t bits)
{
    bits = gw_bits_normal(type, bits);
    switch (type) {
    case GW_SFIXED32:
        return (uint64_t)(int64_t)(int32_t)bits;
    case GW_SINT32:
    case GW_SINT64:
        return bits >> 1 ^ (0 - (bits & 1));
    default:
        return bits;
    }
}

static void take_key(const struct gw_field *field, const struct base_wire_record *record,
                     const char *base, struct entry *entry)
{
    if (field->type == GW_STRING) {
        entry->key_text = record->bytes;
        entry->key.at = (size_t)(record->bytes.data - base);
        entry->key.len = record->bytes.len;
    } else {
        entry->key.number = key_number(field->type, record->scalar);
    }
}

static void take_value(const struct gw_field *field, const struct base_wire_record *record,
                       struct entry *entry)
{
    if (!gw_record_fits(field, record)) {
        entry->is_foreign |=
            !entry->has_value && field->type == GW_ENUM && record->type == BASE_WIRE_VARINT;
        return;
    }
    entry->is_split = entry->has_value && field->message != NULL;
    entry->is_foreign = false;
    entry->has_value = true;
    entry->value = *record;
}

/* Reads an entry; text keys count from `base`. False when it is damaged. */
static bool read_entry(const struct gw_field *map, struct base_str wire, const char *base,
                       struct entry *out_entry)
{
    const struct gw_field *fields = map->message->fields;
    struct base_wire_reader reader = base_wire_reader_make(wire);
    *out_entry = (struct entry){.key = {.is_text = fields[KEY].type == GW_STRING}};
    out_entry->key_text = BASE_STR("");
    while (!base_wire_at_end(&reader)) {
        struct base_wire_record record;
        if (!base_wire_next(&reader, &record)) {
            return false;
        }
        if (record.number == fields[KEY].number && gw_record_fits(&fields[KEY], &record)) {
            take_key(&fields[KEY], &record, base, out_entry);
        } else if (record.number == fields[VALUE].number) {
            take_value(&fields[VALUE], &record, out_entry);
        }
    }
    return true;
}

static bool is_below(const struct entry *a, const struct entry *b)
{
    if (!a->key.is_text) {
        return a->key.number < b->key.number;
    }
    size_t common = a->key_text.len < b->key_text.len ? a->key_text.len : b->key_text.len;
    int order = common == 0 ? 0 : memcmp(a->key_text.data, b->key_text.data, common);
    return order < 0 || (order == 0 && a->key_text.len < b->key_text.len);
}

/* Whether the keys only rise. */
static bool only_rises(const struct gw_field *map, struct gw_records records, const char *base)
{
    struct base_wire_record record;
    struct entry entries[2];
    for (size_t i = 0; gw_records_next(&records, &record); i++) {
        if (record.type != BASE_WIRE_LEN || !read_entry(map, record.bytes, base, &entries[i % 2]) ||
            (i > 0 && !is_below(&entries[(i - 1) % 2], &entries[i % 2]))) {
            return false;
        }
    }
    return true;
}

/* Adds every key; returns whether one came again. */
static bool find_repeats(const struct gw_field *map, struct gw_records records, const char *base,
                         struct gw_key_set *seen)
{
    struct base_wire_record record;
    struct entry entry;
    bool repeats = false;
    for (size_t i = 0; gw_records_next(&records, &record); i++) {
        if (record.type == BASE_WIRE_LEN && read_entry(map, record.bytes, base, &entry) &&
            !entry.is_foreign) {
            entry.key.entry = i;
            repeats |= !gw_key_set_add(seen, base, entry.key);
        }
    }
    return repeats;
}

static char *write_number_key(struct gw_writer *writer, char *at, enum gw_type type,
                              uint64_t number)
{
    at = gw_writer_room(writer, at, GW_NUMBER_BYTES_MAX + 1);
    if (at == NULL) {
        return NULL;
    }
    bool is_unsigned =
        type == GW_UINT32 || type == GW_UINT64 || type == GW_FIXED32 || type == GW_FIXED64;
    *at++ = '"';
    at = is_unsigned ? gw_put_unsigned(at, number) : gw_put_signed(at, (int64_t)number);
    *at++ = '"';
    *at++ = ':';
    return at;
}

static char *write_key(struct gw_writer *writer, char *at, const struct gw_field *field,
                       const struct entry *entry)
{
    if (field->type == GW_STRING) {
        at = gw_writer_quoted(writer, at, entry->key_text, field);
        if (at != NULL) {
            at[-1] = ':'; /* for the comma */
        }
        return at;
    }
    if (field->type == GW_BOOL) {
        return gw_writer_text(
            writer, at, entry->key.number != 0 ? BASE_STR("\"true\":") : BASE_STR("\"false\":"));
    }
    return write_number_key(writer, at, field->type, entry->key.number);
}

static char *write_entry(struct gw_writer *writer, char *at, const struct gw_field *map,
                         const struct entry *entry)
{
    const struct gw_field *value = &map->message->fields[VALUE];
    at = write_key(writer, at, &map->message->fields[KEY], entry);
    if (at == NULL) {
        return NULL;
    }
    if (entry->is_split) {
        return gw_writer_out_of_order(writer);
    }
    return entry->has_value ? gw_write_value(writer, at, value, &entry->value)
                            : gw_write_zero(writer, at, value);
}

/* Writes the entries; with `seen`, only the last of each key. */
static char *write_entries(struct gw_writer *writer, char *at, const struct gw_field *map,
                           struct gw_records *records, const char *base,
                           const struct gw_key_set *seen)
{
    struct base_wire_record record;
    for (size_t i = 0; at != NULL && gw_records_next(records, &record); i++) {
        struct entry entry;
        if (record.type != BASE_WIRE_LEN) {
            continue;
        }
        if (!read_entry(map, record.bytes, base, &entry)) {
            return gw_writer_damaged(writer, map->parent);
        }
        entry.key.entry = i;
        if (!entry.is_foreign && (seen == NULL || gw_key_set_entry(seen, base, entry.key) == i)) {
            at = write_entry(writer, at, map, &entry);
        }
    }
    return records->is_damaged ? gw_writer_damaged(writer, map->parent) : at;
}

char *gw_write_map(struct gw_writer *writer, char *at, const struct gw_field *field,
                   struct gw_records *records)
{
    const char *base = (const char *)records->reader.next;
    at = gw_writer_open(writer, at, '{');
    if (at == NULL) {
        return NULL;
    }
    if (only_rises(field, *records, base)) {
        at = write_entries(writer, at, field, records, base, NULL);
    } else {
        struct gw_key_set seen;
        gw_key_set_init(&seen);
        bool repeats = find_repeats(field, *records, base, &seen);
        at = write_entries(writer, at, field, records, base, repeats ? &seen : NULL);
        gw_key_set_dispose(&seen);
    }
    return at == NULL ? NULL : gw_writer_close(writer, at, '}');
}
