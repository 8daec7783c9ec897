/* Store: where --store says that documents are kept. Startup thread. */
#ifndef CLI_STORE_H
#define CLI_STORE_H

#include "server/store.h"

/* Opens "sqlite:FILE" or "mongodb://..."; gives the store owned. INVALID_ARGUMENT for anything
 * else, and what the store's own open fails with. */
bool cli_store_open(const char *where, struct srv_store **out_store,
                    struct base_err *err) BASE_MUST_CHECK;

#endif
