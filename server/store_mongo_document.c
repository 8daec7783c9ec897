#include "server/store_mongo_document.h"

#include "base/log.h"
#include "server/bson_codec.h"
#include "server/bson_field.h"
#include "server/document.h"

static bool refuse_size(const struct srv_mongo_target *at, struct base_err *err)
{
    return base_err_set(err, BASE_RESOURCE_EXHAUSTED,
                        "a document of %s is longer than %zu bytes as BSON", at->collection->name,
                        SRV_BSON_DOCUMENT_BYTES_MAX);
}

/* A new ObjectId for each write, and not a count: a document that is removed and inserted anew
 * between the two halves of an update would come back to the same number. */
static bool fill_document(const struct srv_mongo_target *at, const ProtobufCMessage *message,
                          bson_t *out, struct base_err *err)
{
    bson_oid_t version;
    bson_oid_init(&version, NULL);
    srv_mongo_append_key(out, SRV_BSON_ID, at->key);
    if (!srv_bson_encode(message, out, err)) {
        return err->code == BASE_RESOURCE_EXHAUSTED ? refuse_size(at, err) : false;
    }
    BSON_APPEND_OID(out, SRV_BSON_VERSION, &version);
    return out->len <= SRV_BSON_DOCUMENT_BYTES_MAX || refuse_size(at, err);
}

bool srv_mongo_build_document(const struct srv_mongo_target *at, const ProtobufCMessage *message,
                              bson_t *out_document, struct base_err *err)
{
    if (!srv_document_check_size(at->collection, message, err)) {
        return false;
    }
    bson_init(out_document);
    if (!fill_document(at, message, out_document, err)) {
        bson_destroy(out_document);
        return false;
    }
    return true;
}

/* What the codec found goes to the log: the client need not know how documents are kept. */
bool srv_mongo_read_document(const struct srv_mongo_target *at, const bson_t *document,
                             bool keep_unknown, struct base_arena *arena,
                             ProtobufCMessage **out_message, struct base_err *err)
{
    if (srv_bson_decode(at->collection->type, document, keep_unknown, arena, out_message, err)) {
        return true;
    }
    if (err->code == BASE_RESOURCE_EXHAUSTED) {
        return false;
    }
    base_log(BASE_LOG_ERROR, "damaged document", "collection", at->collection->name, "reason",
             err->message, NULL);
    return srv_document_damaged(at->collection, at->key, err);
}
