/* Keys and plans over MongoDB, on the real engine. */
#include "server/store_mongo.h"

#include "access_contract.h"
#include "membership_contract.h"
#include "tests/mongodb/engine.h"

#include <stdio.h>

static struct mongo_engine engine;
static char uri[512];

/* A database that no test before has used. */
static void renew(void)
{
    static int count;
    char name[32];
    snprintf(name, sizeof name, "access%d", ++count);
    snprintf(uri, sizeof uri, "%s", mongo_engine_uri(&engine, name));
}

static struct srv_store *open_store(struct base_err *err)
{
    return srv_store_mongo_open(uri, err);
}

int main(void)
{
    static const struct access_contract contract = {
        .name = "access over store_mongo",
        .renew = renew,
        .open = open_store,
    };
    mongo_engine_open(&engine);
    int failures = access_contract_run(&contract) + membership_contract_run(&contract);
    mongo_engine_close(&engine);
    return failures;
}
