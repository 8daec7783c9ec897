/* MongoDB counter: a number that many processes advance, each step one atomic command.
 *
 * Counters are documents {_id: name, value} of the collection "counters", made when first advanced.
 * Any thread that may block.
 */
#ifndef SERVER_STORE_MONGO_COUNTER_H
#define SERVER_STORE_MONGO_COUNTER_H

#include "server/mongo_client.h"

/* Advances a counter to max(value, min(value + want, limit)) and gives what it was before. Errors
 * as server/store.h has them. */
bool srv_mongo_counter_advance(struct srv_mongo_client *client, struct rpc_context *ctx,
                               const char *counter, int64_t want, int64_t limit,
                               int64_t *out_before, struct base_err *err) BASE_MUST_CHECK;

/* Lowers a counter to max(0, value - count) and removes it where that is 0. Errors likewise. */
bool srv_mongo_counter_release(struct srv_mongo_client *client, struct rpc_context *ctx,
                               const char *counter, int64_t count,
                               struct base_err *err) BASE_MUST_CHECK;

#endif
