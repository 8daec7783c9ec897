/* MongoDB client: a pool of connections, and one command at a time on one of them.
 *
 * The only module that includes mongoc's headers. A command is given as BSON; it gets the call's
 * deadline as maxTimeMS, runs on a client that is popped for it and pushed back, and its failures
 * come back in our codes: UNAVAILABLE (no server, connection lost, not the primary, write concern
 * not met), DEADLINE_EXCEEDED, ALREADY_EXISTS (a duplicate key), INTERNAL for what the database
 * should not have refused. Messages name no hosts and no credentials; the database's own words go
 * to the log. Any thread that may block.
 */
#ifndef SERVER_MONGO_CLIENT_H
#define SERVER_MONGO_CLIENT_H

#include "rpc/context.h"

struct _bson_t; /* bson_t, from libbson */

/* How long a command may run when its call has no deadline. */
#define SRV_MONGO_COMMAND_MS_MAX 30000

struct srv_mongo_client;

enum srv_mongo_kind { SRV_MONGO_READ, SRV_MONGO_WRITE };

/* Returns owned a pool for `uri` with the defaults of server/store_mongo.h; connects when first
 * used. NULL with INVALID_ARGUMENT where the URI cannot be understood. */
struct srv_mongo_client *srv_mongo_client_open(const char *uri, struct base_err *err);

/* No command may be running. Accepts NULL. */
void srv_mongo_client_close(struct srv_mongo_client *client);

/* Runs `command`, to which it appends maxTimeMS. On success `out_reply` is the caller's to destroy;
 * write errors of single documents stand in it. */
bool srv_mongo_client_run(struct srv_mongo_client *client, struct rpc_context *ctx,
                          enum srv_mongo_kind kind, struct _bson_t *command,
                          struct _bson_t *out_reply, struct base_err *err) BASE_MUST_CHECK;

#endif
