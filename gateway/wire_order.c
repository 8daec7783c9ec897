#include "gateway/wire_order.h"

#include "base/mem.h"
#include "gateway/wire_field.h"

#include <stdlib.h>

#define LOCAL_ONEOFS 16

/* The member that a oneof was left with, and the place of its first piece. */
struct oneof_state {
    uint32_t field; /* index + 1; 0 for none */
    uint32_t start;
};

static int compare_keys(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void sort_keys(uint64_t *keys, size_t count)
{
    if (count > GW_WIRE_ORDER_SMALL) {
        qsort(keys, count, sizeof *keys, compare_keys);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        size_t j = i;
        for (; j > 0 && keys[j - 1] > key; j--) {
            keys[j] = keys[j - 1];
        }
        keys[j] = key;
    }
}

/* Walks the records that count and stores up to `room` of their keys; out_count is of all. */
static bool walk(const struct gw_message *type, struct base_str wire, uint64_t *keys, size_t room,
                 size_t *out_count)
{
    struct base_wire_reader reader = base_wire_reader_make(wire);
    size_t count = 0;
    while (!base_wire_at_end(&reader)) {
        uint64_t place = (uint64_t)(reader.next - (const uint8_t *)wire.data);
        struct base_wire_record record;
        if (!base_wire_next(&reader, &record)) {
            return false;
        }
        gw_record_open_item(type, &record);
        const struct gw_field *field = gw_message_field_by_number(type, record.number);
        if (field == NULL || !gw_record_fits(field, &record)) {
            continue;
        }
        if (count < room) {
            keys[count] = (uint64_t)field->index << 32 | place;
        }
        count++;
    }
    *out_count = count;
    return true;
}

/* Drops, of keys still in wire order, members that a later one of their oneof put out. */
static void settle_oneofs(const struct gw_message *type, struct gw_wire_order *order)
{
    struct oneof_state local[LOCAL_ONEOFS] = {{0, 0}};
    struct oneof_state *states =
        type->oneof_count <= LOCAL_ONEOFS ? local : base_calloc(type->oneof_count, sizeof *states);
    for (size_t i = 0; i < order->count; i++) {
        const struct gw_field *field = &type->fields[gw_wire_order_field(order->keys[i])];
        if (field->oneof >= 0 && states[field->oneof].field != field->index + 1) {
            states[field->oneof] =
                (struct oneof_state){field->index + 1, gw_wire_order_place(order->keys[i])};
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < order->count; i++) {
        const struct gw_field *field = &type->fields[gw_wire_order_field(order->keys[i])];
        const struct oneof_state *state = field->oneof < 0 ? NULL : &states[field->oneof];
        if (state == NULL || (state->field == field->index + 1 &&
                              gw_wire_order_place(order->keys[i]) >= state->start)) {
            order->keys[kept++] = order->keys[i];
        }
    }
    order->count = kept;
    if (states != local) {
        base_free(states);
    }
}

bool gw_wire_order_init(struct gw_wire_order *order, const struct gw_message *type,
                        struct base_str wire)
{
    order->keys = order->small;
    if (!walk(type, wire, order->small, GW_WIRE_ORDER_SMALL, &order->count)) {
        return false;
    }
    if (order->count > GW_WIRE_ORDER_SMALL) {
        order->keys = base_calloc(order->count, sizeof *order->keys);
        if (!walk(type, wire, order->keys, order->count, &order->count)) {
            return false;
        }
    }
    if (type->oneof_count > 0) {
        settle_oneofs(type, order);
    }
    sort_keys(order->keys, order->count);
    return true;
}

void gw_wire_order_dispose(struct gw_wire_order *order)
{
    if (order->keys != order->small) {
        base_free(order->keys);
    }
}
