/* Store: where the program under test keeps its documents.
 *
 * TOLLGATE_E2E_STORE in the environment says which store the tests run on: "sqlite", which is also
 * meant when it is not set, or "mongodb". The tests expect the same of both. One MongoDB serves all
 * tests of a process (tests/mongodb/engine.h); each e2e_dir is a database of its own there.
 */
#ifndef E2E_STORE_H
#define E2E_STORE_H

#include "tests/e2e/harness.h"
#include "tests/mongodb/engine.h"

/* Bytes of what --store takes. */
#define E2E_STORE_SIZE 512

/* Writes what --store takes for the store that belongs to `dir`: the same each time, empty at
 * first. */
void e2e_store(const struct e2e_dir *dir, char out[E2E_STORE_SIZE]);

/* The process's MongoDB, opened when first asked for and closed when the process ends. */
struct mongo_engine *e2e_mongodb(void);

/* The database on it that belongs to `dir`. */
void e2e_mongodb_store(const struct e2e_dir *dir, char out[E2E_STORE_SIZE]);

#endif
