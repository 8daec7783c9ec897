/* The MongoDB store: documents as BSON by field, for many servers over one database.
 *
 * Each document of collection C is one document of MongoDB's C: "_id" is the key, "_version" counts
 * its updates, the message's fields stand beside them (server/bson_codec.h). Every operation is one
 * command on one document, save `update`, which reads, changes and writes back under the condition
 * that _version is still the one it read, and starts again when it is not. Counters are documents
 * of "counters". All queries go by _id, whose index MongoDB has already; hashed on _id, every
 * collection can be sharded.
 *
 * Writes wait for a majority and its journal unless the URI says otherwise. A database that is down
 * answers UNAVAILABLE within SRV_STORE_MONGO_SELECTION_MS, and works again without a restart when
 * it is back. A thread that is stuck on a dead connection is let go after
 * SRV_STORE_MONGO_SOCKET_MS.
 */
#ifndef SERVER_STORE_MONGO_H
#define SERVER_STORE_MONGO_H

#include "server/store.h"

/* Defaults for what the URI leaves open. */
#define SRV_STORE_MONGO_DATABASE "tollgate"
#define SRV_STORE_MONGO_SELECTION_MS 2000
#define SRV_STORE_MONGO_CONNECT_MS 2000
#define SRV_STORE_MONGO_SOCKET_MS 10000
#define SRV_STORE_MONGO_POOL_MAX 100
#define SRV_STORE_MONGO_POOL_WAIT_MS 2000

/* Bytes of one document as BSON: MongoDB's own limit. */
#define SRV_STORE_MONGO_DOCUMENT_BYTES_MAX (size_t)(16 * 1024 * 1024)

/* Opens the store of "mongodb://..." or "mongodb+srv://..."; the URI's path names the database.
 * Does not wait for the database. NULL with INVALID_ARGUMENT where the URI cannot be understood. */
struct srv_store *srv_store_mongo_open(const char *uri, struct base_err *err) BASE_MUST_CHECK;

#endif
