/* A message is copied by packing and unpacking it: protobuf-c has no other way that goes deep. */
#include "server/access_table.h"

#include "base/mem.h"

#include <assert.h>

static void *alloc_message(void *data, size_t size)
{
    (void)data;
    return base_alloc(size);
}

static void free_message(void *data, void *block)
{
    (void)data;
    base_free(block);
}

static ProtobufCAllocator allocator = {alloc_message, free_message, NULL};

static ProtobufCMessage *copy_message(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *packed = base_alloc(size);
    protobuf_c_message_pack(message, packed);
    ProtobufCMessage *copy =
        protobuf_c_message_unpack(message->descriptor, &allocator, size, packed);
    assert(copy != NULL); /* it came out of a store, which checks what it hands out */
    base_free(packed);
    return copy;
}

static void row_dispose(struct srv_access_row *row)
{
    base_free(row->id);
    protobuf_c_message_free_unpacked(row->message, &allocator);
}

/* As strcmp does, for ids of which one is not NUL-terminated. */
static int compare(const char *row_id, struct base_str id)
{
    size_t len = strlen(row_id);
    int order = memcmp(row_id, id.data, len < id.len ? len : id.len);
    return order != 0 ? order : (len > id.len) - (len < id.len);
}

/* The place of the first row whose id is not before `id`. */
static size_t place_of(const struct srv_access_table *table, struct base_str id)
{
    size_t low = 0;
    size_t high = table->count;
    /* What is read in order goes to the end. */
    if (high > 0 && compare(table->rows[high - 1].id, id) < 0) {
        return high;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(table->rows[middle].id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has_id(const struct srv_access_table *table, size_t place, struct base_str id)
{
    return place < table->count && base_str_eq(base_str_of(table->rows[place].id), id);
}

void srv_access_table_init(struct srv_access_table *table, const struct srv_collection *collection)
{
    *table = (struct srv_access_table){.collection = collection};
}

void srv_access_table_dispose(struct srv_access_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        row_dispose(&table->rows[i]);
    }
    base_free(table->rows);
    srv_access_table_init(table, table->collection);
}

/* Makes room for a row at `place`. */
static struct srv_access_row *open_row(struct srv_access_table *table, size_t place)
{
    if (table->count == table->capacity) {
        table->capacity = table->capacity == 0 ? 64 : table->capacity * 2;
        table->rows = base_realloc(table->rows, table->capacity * sizeof *table->rows);
    }
    struct srv_access_row *row = &table->rows[place];
    memmove(row + 1, row, (table->count - place) * sizeof *row);
    table->count++;
    return row;
}

void srv_access_table_put(struct srv_access_table *table, struct base_str id,
                          const ProtobufCMessage *message)
{
    size_t place = place_of(table, id);
    if (has_id(table, place, id)) {
        protobuf_c_message_free_unpacked(table->rows[place].message, &allocator);
        table->rows[place].message = copy_message(message);
        return;
    }
    struct srv_access_row *row = open_row(table, place);
    row->id = base_alloc(id.len + 1);
    memcpy(row->id, id.data, id.len);
    row->id[id.len] = '\0';
    row->message = copy_message(message);
}

void srv_access_table_remove(struct srv_access_table *table, struct base_str id)
{
    size_t place = place_of(table, id);
    if (has_id(table, place, id)) {
        struct srv_access_row *row = &table->rows[place];
        row_dispose(row);
        table->count--;
        memmove(row, row + 1, (table->count - place) * sizeof *row);
    }
}
