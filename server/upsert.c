#include "server/upsert.h"

/* Others may insert and remove it meanwhile; as often as that is tried again. */
#define ATTEMPTS_MAX 10

bool srv_upsert(struct srv_store *store, struct rpc_context *ctx,
                const struct srv_collection *collection, struct srv_key key,
                const struct srv_mutation *mutation, const ProtobufCMessage *first,
                struct base_err *err)
{
    ProtobufCMessage *changed;
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        if (srv_store_update(store, ctx, collection, key, mutation, &changed, err)) {
            return true;
        }
        if (err->code != BASE_NOT_FOUND) {
            return false;
        }
        if (srv_store_insert(store, ctx, collection, key, first, err)) {
            return true;
        }
        if (err->code != BASE_ALREADY_EXISTS) {
            return false;
        }
    }
    return base_err_set(err, BASE_UNAVAILABLE, "the document is being made and removed by others");
}
