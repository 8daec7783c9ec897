/* The MongoDB store against the contract of all stores, on the real engine. */
#include "server/store_mongo.h"

#include "store_contract.h"
#include "tests/mongodb/engine.h"

#include <mongoc/mongoc.h>
#include <stdio.h>

static struct mongo_engine engine;
static char uri[512];

/* A database that no test before has used. */
static void renew(void)
{
    static int count;
    char name[32];
    snprintf(name, sizeof name, "contract%d", ++count);
    snprintf(uri, sizeof uri, "%s", mongo_engine_uri(&engine, name));
}

static struct srv_store *open_store(struct base_err *err)
{
    return srv_store_mongo_open(uri, err);
}

static void damage(const char *collection, struct srv_key key)
{
    mongoc_uri_t *parsed = mongoc_uri_new(uri);
    mongoc_client_t *client = mongoc_client_new_from_uri(parsed);
    mongoc_collection_t *documents =
        mongoc_client_get_collection(client, mongoc_uri_get_database(parsed), collection);
    bson_t query = BSON_INITIALIZER;
    bson_append_utf8(&query, "_id", -1, key.text.data, (int)key.text.len);
    bson_t *update = BCON_NEW("$set", "{", "title", BCON_INT32(1), "}");
    mongoc_collection_update_one(documents, &query, update, NULL, NULL, NULL);
    bson_destroy(update);
    bson_destroy(&query);
    mongoc_collection_destroy(documents);
    mongoc_client_destroy(client);
    mongoc_uri_destroy(parsed);
}

int main(void)
{
    static const struct store_contract contract = {
        .name = "store_mongo",
        .renew = renew,
        .open = open_store,
        .damage = damage,
    };
    mongo_engine_open(&engine);
    int failures = store_contract_run(&contract);
    mongo_engine_close(&engine);
    return failures;
}
