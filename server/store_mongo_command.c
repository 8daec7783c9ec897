#include "server/store_mongo_command.h"

void srv_mongo_append_key(bson_t *out, const char *name, struct srv_key key)
{
    if (key.kind == SRV_KEY_NUMBER) {
        bson_append_int64(out, name, -1, key.number);
    } else {
        bson_append_utf8(out, name, -1, key.text.data, (int)key.text.len);
    }
}

void srv_mongo_begin_command(bson_t *command, const char *name, const struct srv_mongo_target *at)
{
    bson_init(command);
    bson_append_utf8(command, name, -1, at->collection->name, -1);
}

bool srv_mongo_run(const struct srv_mongo_target *at, enum srv_mongo_kind kind,
                   const bson_t *command, bson_t *out_reply, struct base_err *err)
{
    return srv_mongo_client_run(at->client, at->ctx, kind, command, out_reply, err);
}

int64_t srv_mongo_reply_number(const bson_t *reply, const char *path, int64_t missing)
{
    bson_iter_t top;
    bson_iter_t found;
    return bson_iter_init(&top, reply) && bson_iter_find_descendant(&top, path, &found) &&
                   BSON_ITER_HOLDS_NUMBER(&found)
               ? bson_iter_as_int64(&found)
               : missing;
}
