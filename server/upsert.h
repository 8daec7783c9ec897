/* Upsert: changing a document that may not be there yet. Blocking; any thread. */
#ifndef SERVER_UPSERT_H
#define SERVER_UPSERT_H

#include "server/store.h"

/* Changes the document of `key` as srv_store_update does, or inserts `first` where there is none.
 * Errors as those two have them. */
bool srv_upsert(struct srv_store *store, struct rpc_context *ctx,
                const struct srv_collection *collection, struct srv_key key,
                const struct srv_mutation *mutation, const ProtobufCMessage *first,
                struct base_err *err) BASE_MUST_CHECK;

#endif
