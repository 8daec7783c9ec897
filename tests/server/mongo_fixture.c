#include "mongo_fixture.h"

#include "server/store_mongo.h"

#include <stdio.h>

struct mongo_fixture mongo;

int mongo_fixture_open(void **state)
{
    (void)state;
    static int count;
    char name[32];
    struct base_err err;
    snprintf(name, sizeof name, "documents%d", ++count);
    snprintf(mongo.uri, sizeof mongo.uri, "%s", mongo_engine_uri(&mongo.engine, name));
    snprintf(mongo.database, sizeof mongo.database, "%s", strrchr(mongo.uri, '/') + 1);
    mongo.client = mongoc_client_new(mongo.uri);
    mongo.store = srv_store_mongo_open(mongo.uri, &err);
    return mongo.store == NULL;
}

int mongo_fixture_close(void **state)
{
    (void)state;
    srv_store_close(mongo.store);
    mongoc_client_destroy(mongo.client);
    return 0;
}
