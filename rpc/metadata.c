/* An array that doubles inside the arena: most calls carry a handful of pairs, and the outgrown
 * array goes with the call. Everything is checked before anything is changed. */
#include "rpc/metadata.h"

#include <stdint.h>
#include <string.h>

#define FIRST_CAPACITY 8

static const struct base_str binary_suffix = {"-bin", 4};

static bool is_key_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.';
}

static bool is_value_char(char c)
{
    return c >= ' ' && c <= '~';
}

/* Every byte of every call's metadata passes here, so eight go at once: of each byte the top bit is
 * set below when it is less than ' ', and when it or its successor is past 0x7F. */
static size_t printable_len(struct base_str text)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t i = 0;
    for (uint64_t word; text.len - i >= sizeof word; i += sizeof word) {
        memcpy(&word, text.data + i, sizeof word);
        if (((((word - ones * ' ') & ~word) | (word + ones) | word) & ones * 0x80) != 0) {
            break;
        }
    }
    while (i < text.len && is_value_char(text.data[i])) {
        i++;
    }
    return i;
}

static bool check_key(struct base_str key, struct base_err *err)
{
    if (key.len == 0) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "a metadata key is empty");
    }
    for (size_t i = 0; i < key.len; i++) {
        if (!is_key_char(key.data[i])) {
            return base_err_set(err, BASE_INVALID_ARGUMENT,
                                "a metadata key has byte 0x%02X at offset %zu; expected lower-case "
                                "letters, digits, '_', '-' and '.'",
                                (unsigned char)key.data[i], i);
        }
    }
    return true;
}

static bool check_value(struct base_str key, struct base_str value, struct base_err *err)
{
    if (base_str_ends_with(key, binary_suffix)) {
        return true;
    }
    size_t len = printable_len(value);
    if (len < value.len) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "metadata %.*s: byte 0x%02X at offset %zu; expected printable ASCII, "
                            "or a key that ends in -bin",
                            BASE_STR_ARGS(key), (unsigned char)value.data[len], len);
    }
    return true;
}

static bool check_limits(const struct rpc_metadata *metadata, struct base_str key,
                         struct base_str value, struct base_err *err)
{
    if (metadata->count == RPC_METADATA_ENTRIES_MAX) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "metadata has more than %d pairs",
                            RPC_METADATA_ENTRIES_MAX);
    }
    size_t left = RPC_METADATA_BYTES_MAX - metadata->bytes;
    if (key.len > left || value.len > left - key.len) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "metadata has more than %zu bytes",
                            RPC_METADATA_BYTES_MAX);
    }
    return true;
}

static bool out_of_memory(struct base_err *err)
{
    return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "metadata: the call's memory is used up");
}

static bool grow(struct rpc_metadata *metadata, struct base_arena *arena, struct base_err *err)
{
    size_t capacity = metadata->capacity == 0 ? FIRST_CAPACITY : metadata->capacity * 2;
    struct rpc_metadata_entry *entries = base_arena_alloc(arena, capacity * sizeof *entries);
    if (entries == NULL) {
        return out_of_memory(err);
    }
    if (metadata->count > 0) {
        memcpy(entries, metadata->entries, metadata->count * sizeof *entries);
    }
    metadata->entries = entries;
    metadata->capacity = capacity;
    return true;
}

static bool make_room(struct rpc_metadata *metadata, struct base_arena *arena, struct base_err *err)
{
    return metadata->count < metadata->capacity || grow(metadata, arena, err);
}

static void append(struct rpc_metadata *metadata, struct base_str key, struct base_str value)
{
    metadata->entries[metadata->count++] = (struct rpc_metadata_entry){key, value};
    metadata->bytes += key.len + value.len;
}

bool rpc_metadata_add(struct rpc_metadata *metadata, struct base_arena *arena, struct base_str key,
                      struct base_str value, struct base_err *err)
{
    if (!check_key(key, err) || !check_value(key, value, err) ||
        !check_limits(metadata, key, value, err) || !make_room(metadata, arena, err)) {
        return false;
    }
    struct base_str key_copy;
    struct base_str value_copy;
    if (!base_arena_copy(arena, key, &key_copy) || !base_arena_copy(arena, value, &value_copy)) {
        return out_of_memory(err);
    }
    append(metadata, key_copy, value_copy);
    return true;
}

bool rpc_metadata_add_known(struct rpc_metadata *metadata, struct base_arena *arena,
                            const struct rpc_metadata_entry *entry, struct base_err *err)
{
    if (!check_limits(metadata, entry->key, entry->value, err) ||
        !make_room(metadata, arena, err)) {
        return false;
    }
    append(metadata, entry->key, entry->value);
    return true;
}

bool rpc_metadata_add_borrowed(struct rpc_metadata *metadata, struct base_arena *arena,
                               struct base_str key, struct base_str value, struct base_err *err)
{
    return check_key(key, err) && check_value(key, value, err) &&
           rpc_metadata_add_known(metadata, arena, &(struct rpc_metadata_entry){key, value}, err);
}

bool rpc_metadata_is_text(struct base_str value)
{
    return printable_len(value) == value.len;
}

const struct base_str *rpc_metadata_find(const struct rpc_metadata *metadata, struct base_str key)
{
    for (size_t i = 0; i < metadata->count; i++) {
        if (base_str_eq(metadata->entries[i].key, key)) {
            return &metadata->entries[i].value;
        }
    }
    return NULL;
}
