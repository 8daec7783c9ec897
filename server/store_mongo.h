/* The MongoDB store: documents as BSON by field, for many servers over one database.
 *
 * Each document of collection C is one document of MongoDB's C: "_id" is the key, "_version" an
 * ObjectId that every write renews, the message's fields stand beside them (server/bson_codec.h).
 * Every operation is one command on one document, save `update`, which reads, changes and writes
 * back under the condition that _version is still the one it read, and starts again when it is not.
 * Counters are documents of "counters". All queries go by _id, whose index MongoDB has already;
 * hashed on _id, every collection can be sharded.
 *
 * Writes wait for a majority and its journal unless the URI says otherwise. A database that is down
 * answers UNAVAILABLE within SRV_STORE_MONGO_SELECTION_MS, at once when it has been down for that
 * long, and works again without a restart when it is back. Calls end by their deadline even where
 * the network only swallows: see server/mongo_client.h.
 */
#ifndef SERVER_STORE_MONGO_H
#define SERVER_STORE_MONGO_H

#include "server/store.h"

/* Defaults for what the URI leaves open. The first is also how long a call waits for one of the
 * connections. */
#define SRV_STORE_MONGO_SELECTION_MS 2000
#define SRV_STORE_MONGO_HEARTBEAT_MS 500
#define SRV_STORE_MONGO_POOL_MAX 100
#define SRV_STORE_MONGO_DATABASE "tollgate"

/* Likewise; calls are held to these whatever the URI says. How long a command may run when its call
 * has no deadline, or a later one, and how long connecting may take. */
#define SRV_STORE_MONGO_COMMAND_MS 10000
#define SRV_STORE_MONGO_CONNECT_MS 2000

/* The most connections that the URI may ask for (maxPoolSize). */
#define SRV_STORE_MONGO_CONNECTIONS_MAX 10000

/* Calls that wait for a connection; more are refused at once. */
#define SRV_STORE_MONGO_WAITING_MAX 200

/* Reads under way before those that come next go together (server/read_groups.h). */
#define SRV_STORE_MONGO_READ_TURNS 4

/* Opens the store of "mongodb://..." or "mongodb+srv://..."; the URI's path names the database.
 * Does not wait for the database. NULL with INVALID_ARGUMENT where the URI cannot be understood, or
 * asks for writes that nobody acknowledges or for more connections than there may be. */
struct srv_store *srv_store_mongo_open(const char *uri, struct base_err *err) BASE_MUST_CHECK;

#endif
