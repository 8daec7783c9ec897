/* The MongoDB that the tests run against: one that TOLLGATE_TEST_MONGODB_URI names, or one that
 * tests/mongodb/engine.sh starts. Failing to get one fails the test; it is never skipped. A test
 * that kills the engine and wants what was answered kept sets TOLLGATE_MONGODB_JOURNAL=1 before it
 * opens it (engine.mjs says why).
 */
#ifndef MONGODB_ENGINE_H
#define MONGODB_ENGINE_H

#include <stdbool.h>
#include <sys/types.h>

struct mongo_engine {
    pid_t pid; /* 0 when it is not ours */
    int port;  /* likewise */
    char directory[64];
    char server[256]; /* "mongodb://host:port", without a database */
};

/* Starts the engine on an empty directory, or takes the one of the environment. */
void mongo_engine_open(struct mongo_engine *engine);

/* Whether the engine is ours to kill: false with TOLLGATE_TEST_MONGODB_URI. */
bool mongo_engine_is_ours(const struct mongo_engine *engine);

/* kill -9, and a start on the same directory and port. Only where it is ours. */
void mongo_engine_kill(struct mongo_engine *engine);
void mongo_engine_restart(struct mongo_engine *engine);

/* Stops it and removes its directory. */
void mongo_engine_close(struct mongo_engine *engine);

/* Gives the URI of database NAME, made unique to this process; lives until the next call. */
const char *mongo_engine_uri(const struct mongo_engine *engine, const char *name);

#endif
