/* The hash is mixed with the table's address, which a client cannot know, so that it cannot choose
 * keys that collide. */
#include "gateway/key_set.h"

#include "base/mem.h"

#include <string.h>

#define FIRST_CAPACITY (size_t)64

void gw_key_set_init(struct gw_key_set *set)
{
    set->table = NULL;
    set->capacity = 0;
    set->count = 0;
}

void gw_key_set_dispose(struct gw_key_set *set)
{
    base_free(set->table);
}

static bool is_same(const char *text, const struct gw_key *a, const struct gw_key *b)
{
    if (!a->is_text) {
        return a->number == b->number;
    }
    return a->len == b->len && (a->len == 0 || memcmp(text + a->at, text + b->at, a->len) == 0);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    unsigned __int128 product = (unsigned __int128)(hash ^ word) * UINT64_C(0xA0761D6478BD642F);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(const struct gw_key_set *set, const char *text, const struct gw_key *key)
{
    uint64_t hash = mix((uintptr_t)set->table, UINT64_C(0xE7037ED1A0B428DB));
    if (!key->is_text) {
        return mix(hash, key->number);
    }
    size_t left = key->len;
    const char *next = text + key->at;
    uint64_t word;
    for (; left >= sizeof word; left -= sizeof word, next += sizeof word) {
        memcpy(&word, next, sizeof word);
        hash = mix(hash, word);
    }
    word = key->len;
    for (size_t i = 0; i < left; i++) {
        word = word << 8 | (unsigned char)next[i];
    }
    return mix(hash, word);
}

/* The slot of an equal key, or the free one where it belongs. */
static struct gw_key *slot_of(const struct gw_key_set *set, const char *text,
                              const struct gw_key *key)
{
    size_t i = (size_t)hash_of(set, text, key) & (set->capacity - 1);
    while (set->table[i].entry != 0 && !is_same(text, &set->table[i], key)) {
        i = (i + 1) & (set->capacity - 1);
    }
    return &set->table[i];
}

static void fill(struct gw_key *slot, struct gw_key key)
{
    *slot = key;
    slot->entry = key.entry + 1;
}

static void grow(struct gw_key_set *set, const char *text)
{
    struct gw_key *old = set->table;
    size_t old_capacity = set->capacity;
    set->capacity = old == NULL ? FIRST_CAPACITY : old_capacity * 2;
    set->table = base_calloc(set->capacity, sizeof *set->table);
    if (old == NULL) {
        for (size_t i = 0; i < set->count; i++) {
            fill(slot_of(set, text, &set->small[i]), set->small[i]);
        }
    }
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].entry != 0) {
            *slot_of(set, text, &old[i]) = old[i];
        }
    }
    base_free(old);
}

static struct gw_key *find_small(struct gw_key_set *set, const char *text, const struct gw_key *key)
{
    for (size_t i = 0; i < set->count; i++) {
        if (is_same(text, &set->small[i], key)) {
            return &set->small[i];
        }
    }
    return NULL;
}

bool gw_key_set_add(struct gw_key_set *set, const char *text, struct gw_key key)
{
    if (set->table == NULL) {
        struct gw_key *known = find_small(set, text, &key);
        if (known != NULL) {
            known->entry = key.entry;
            return false;
        }
        if (set->count < GW_KEY_SET_SMALL) {
            set->small[set->count++] = key;
            return true;
        }
        grow(set, text);
    } else if (set->count * 2 >= set->capacity) {
        grow(set, text);
    }
    struct gw_key *slot = slot_of(set, text, &key);
    bool is_new = slot->entry == 0;
    fill(slot, key);
    set->count += is_new;
    return is_new;
}

size_t gw_key_set_entry(const struct gw_key_set *set, const char *text, struct gw_key key)
{
    if (set->table != NULL) {
        return slot_of(set, text, &key)->entry - 1;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (is_same(text, &set->small[i], &key)) {
            return set->small[i].entry;
        }
    }
    return key.entry;
}
