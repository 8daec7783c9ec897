/* Store: where --store says that documents are kept. Startup thread. */
#ifndef CLI_STORE_H
#define CLI_STORE_H

#include "cli/options.h"
#include "server/store.h"

/* How long one question may take by which a database is asked whether it is there: SIGTERM is
 * heeded after it. */
#define CLI_STORE_ASK_MS 1000

/* Opens the options' "sqlite:FILE" or "mongodb://..."; gives the store owned. A MongoDB that is not
 * there is waited for (cli/retry.h). INVALID_ARGUMENT for anything else, and what the store's own
 * open fails with. */
bool cli_store_open(const struct cli_options *options, struct srv_store **out_store,
                    struct base_err *err) BASE_MUST_CHECK;

#endif
