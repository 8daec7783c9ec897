/* A store in memory, and a test's hands on it: how pages end, what fails, how often a mutation
 * runs, what happens between two operations. One thread. */
#ifndef SERVER_FAKE_STORE_H
#define SERVER_FAKE_STORE_H

#include "server/store.h"

#define FAKE_DOCUMENTS_MAX 2048

struct fake_document {
    const struct srv_collection *collection;
    struct srv_key key; /* owns its text */
    struct base_str body;
};

/* Called before each operation, which it may make fail, and may call the store itself. */
struct fake_hook {
    void (*before)(struct fake_hook *self);
};

struct fake_store {
    struct srv_store store;
    struct fake_document *documents; /* by collection, then key */
    size_t count;
    int64_t next_id;
    size_t page_max;        /* documents after which a page ends early; 0 for none */
    size_t runs;            /* times a mutation is run on fresh copies before it counts; 0 is 1 */
    enum base_code fails;   /* what each operation answers where not BASE_OK */
    struct fake_hook *hook; /* or NULL */
};

void fake_store_init(struct fake_store *fake);
void fake_store_dispose(struct fake_store *fake);

#endif
