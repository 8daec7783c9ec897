/* Key set: has this map key been seen in this map?
 *
 * Small maps are compared pair by pair in place; past GW_KEY_SET_SMALL keys a hash table is
 * allocated, freed by dispose. A text key is kept as an offset into bytes that may move, so each
 * call says where they stand now. One thread at a time.
 */
#ifndef GATEWAY_KEY_SET_H
#define GATEWAY_KEY_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Keys before anything is allocated. */
#define GW_KEY_SET_SMALL 16

struct gw_key {
    bool is_text;
    uint64_t number; /* unless is_text */
    size_t at;       /* of is_text: where the text starts, and its length */
    size_t len;
    size_t entry; /* the caller's own: which entry of the map it is */
};

struct gw_key_set {
    struct gw_key small[GW_KEY_SET_SMALL];
    struct gw_key *table; /* owned; open addressing, entry + 1 stored, 0 in a free slot */
    size_t capacity;
    size_t count;
};

/* Starts an empty set; allocates nothing yet. */
void gw_key_set_init(struct gw_key_set *set);
void gw_key_set_dispose(struct gw_key_set *set);

/* Adds `key`, whose text, if any, stands at `text + key.at`. False when it was there already; its
 * entry is then the new one's. */
bool gw_key_set_add(struct gw_key_set *set, const char *text, struct gw_key key);

/* The entry that was added last with this key, which is in the set. */
size_t gw_key_set_entry(const struct gw_key_set *set, const char *text, struct gw_key key);

#endif
