/* Wire order: the records of one message, sorted by field, as far as they count.
 *
 * https://protobuf.dev/programming-guides/encoding#order: records may come in any order, and of a
 * oneof only its last member counts, with those of its pieces that stand behind every other
 * member. Records that are unknown are left out. Private to wire_normal.c. Pure; any thread.
 */
#ifndef GATEWAY_WIRE_ORDER_H
#define GATEWAY_WIRE_ORDER_H

#include "gateway/schema.h"

/* Records before anything is allocated. */
#define GW_WIRE_ORDER_SMALL 64

/* The index of a record's field in the high half, its place in the bytes in the low. */
struct gw_wire_order {
    uint64_t small[GW_WIRE_ORDER_SMALL];
    uint64_t *keys; /* owned unless it is `small` */
    size_t count;
};

static inline uint32_t gw_wire_order_field(uint64_t key)
{
    return (uint32_t)(key >> 32);
}

static inline uint32_t gw_wire_order_place(uint64_t key)
{
    return (uint32_t)key;
}

/* Sorts the records of `wire`, which has less than 4 GiB; false when they are damaged. Either way
 * dispose of it. Records of one field stay in their order. */
bool gw_wire_order_init(struct gw_wire_order *order, const struct gw_message *type,
                        struct base_str wire) BASE_MUST_CHECK;
void gw_wire_order_dispose(struct gw_wire_order *order);

#endif
