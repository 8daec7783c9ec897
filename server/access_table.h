/* Access table: documents of one collection in memory, sorted by id.
 *
 * Made for tables of up to some 100,000 documents that seldom change: putting one in moves the
 * pointers behind it. Owns its messages. One thread.
 */
#ifndef SERVER_ACCESS_TABLE_H
#define SERVER_ACCESS_TABLE_H

#include "server/store.h"

struct srv_access_table {
    const struct srv_collection *collection;
    struct srv_access_row {
        char *id;
        ProtobufCMessage *message;
    } * rows;
    size_t count;
    size_t capacity;
};

/* Starts an empty table of a collection with text keys. */
void srv_access_table_init(struct srv_access_table *table, const struct srv_collection *collection);

/* Frees all of it. */
void srv_access_table_dispose(struct srv_access_table *table);

/* Puts a copy of `message` under `id`, in the place of what was there. */
void srv_access_table_put(struct srv_access_table *table, struct base_str id,
                          const ProtobufCMessage *message);

/* Takes out what is under `id`, if anything. */
void srv_access_table_remove(struct srv_access_table *table, struct base_str id);

#endif
