#include "gateway/key_cache.h"

#include <string.h>

/* Of the first and the last eight bytes: a slot need not be chosen well, only fast. */
static struct gw_key_cache_slot *slot_of(struct gw_key_cache *cache, struct base_str value,
                                         size_t stage)
{
    uint64_t head;
    uint64_t tail;
    memcpy(&head, value.data, sizeof head);
    memcpy(&tail, value.data + value.len - sizeof tail, sizeof tail);
    uint64_t mixed = (head ^ (tail << 31 | tail >> 33) ^ stage) * UINT64_C(0x9e3779b97f4a7c15);
    return &cache->slots[mixed >> 32 & (GW_KEY_CACHE_SLOTS - 1)];
}

const struct gw_grant *gw_key_cache_find(struct gw_key_cache *cache, const struct gw_access *access,
                                         struct base_str value, size_t stage)
{
    if (value.len < sizeof(uint64_t) || value.len > GW_ACCESS_VALUE_BYTES_MAX) {
        return gw_access_find(access, value, stage);
    }
    struct gw_key_cache_slot *slot = slot_of(cache, value, stage);
    if (slot->grant != NULL && slot->stage == stage && slot->value_len == value.len &&
        base_secret_eq(slot->value, value.data, value.len)) {
        return slot->grant;
    }
    const struct gw_grant *grant = gw_access_find(access, value, stage);
    if (grant != NULL) {
        *slot = (struct gw_key_cache_slot){grant, stage, value.len, {0}};
        memcpy(slot->value, value.data, value.len);
    }
    return grant;
}

void gw_key_cache_clear(struct gw_key_cache *cache)
{
    memset(cache, 0, sizeof *cache);
}
