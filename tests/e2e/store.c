#include "tests/e2e/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct mongo_engine engine;
static pid_t opened_by; /* a forked child must not close what its parent uses */

static void close_engine(void)
{
    if (getpid() == opened_by) {
        mongo_engine_close(&engine);
    }
}

struct mongo_engine *e2e_mongodb(void)
{
    if (opened_by == 0) {
        mongo_engine_open(&engine);
        opened_by = getpid();
        assert_int_equal(atexit(close_engine), 0);
    }
    return &engine;
}

/* The directory's own name is as unique as a database must be, and may be one. */
void e2e_mongodb_store(const struct e2e_dir *dir, char out[E2E_STORE_SIZE])
{
    const char *name = strrchr(dir->path, '/');
    int len = snprintf(out, E2E_STORE_SIZE, "%s/%s", e2e_mongodb()->server, name + 1);
    assert_in_range(len, 1, E2E_STORE_SIZE - 1);
}

void e2e_store(const struct e2e_dir *dir, char out[E2E_STORE_SIZE])
{
    const char *kind = getenv("TOLLGATE_E2E_STORE");
    if (kind != NULL && strcmp(kind, "mongodb") == 0) {
        e2e_mongodb_store(dir, out);
        return;
    }
    if (kind != NULL && strcmp(kind, "sqlite") != 0) {
        fail_msg("TOLLGATE_E2E_STORE: expected sqlite or mongodb, found %s", kind);
    }
    snprintf(out, E2E_STORE_SIZE, "sqlite:%s/store.db", dir->path);
}
