/* Key cache: the API keys that one loop has seen under the snapshot that holds, found by their
 * value.
 *
 * Computing a key's HMAC is most of what its look-up costs, and the same keys come again and again.
 * Only keys that were found are remembered, a slot each, the newest in the place of the one before,
 * so a flood of unknown or of many keys costs what it would without the cache. A value is compared
 * in constant time; it stays in memory until its slot is taken or the snapshot is replaced. For one
 * thread, the loop's.
 */
#ifndef GATEWAY_KEY_CACHE_H
#define GATEWAY_KEY_CACHE_H

#include "gateway/access.h"

/* Keys remembered; a power of two. */
#define GW_KEY_CACHE_SLOTS 256

struct gw_key_cache_slot {
    const struct gw_grant *grant; /* NULL in a free slot */
    size_t stage;
    size_t value_len;
    char value[GW_ACCESS_VALUE_BYTES_MAX];
};

/* All zero is empty. */
struct gw_key_cache {
    struct gw_key_cache_slot slots[GW_KEY_CACHE_SLOTS];
};

/* As gw_access_find in `access`, the only snapshot that the cache has been asked with since it was
 * empty. */
const struct gw_grant *gw_key_cache_find(struct gw_key_cache *cache, const struct gw_access *access,
                                         struct base_str value, size_t stage);

/* Forgets all, before the snapshot goes. */
void gw_key_cache_clear(struct gw_key_cache *cache);

#endif
