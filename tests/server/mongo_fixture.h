/* What the tests of the MongoDB store's documents share: an engine, and for each test a database of
 * its own with a store on it and a client of the driver's, who sees what the store keeps. */
#ifndef SERVER_MONGO_FIXTURE_H
#define SERVER_MONGO_FIXTURE_H

#include "server/store.h"
#include "tests/mongodb/engine.h"

#include <mongoc/mongoc.h>

struct mongo_fixture {
    struct mongo_engine engine; /* opened and closed by main */
    char uri[512];              /* the test's database, and its name */
    char database[64];
    mongoc_client_t *client;
    struct srv_store *store;
};

extern struct mongo_fixture mongo;

/* Setup and teardown of each test. */
int mongo_fixture_open(void **state);
int mongo_fixture_close(void **state);

#endif
