/* Access: the keys and plans of a store, as the options want them. Startup thread. */
#ifndef CLI_ACCESS_H
#define CLI_ACCESS_H

#include "cli/options.h"
#include "server/access.h"

/* Opens the keys and plans of `store` under the secret that the options name; an empty store gets
 * plans for their stages. Fails as srv_access_open and cli_stages_read, or when the secret's file
 * cannot be read or holds too little. */
bool cli_access_open(struct srv_access *access, const struct cli_options *options,
                     struct srv_store *store, struct base_err *err) BASE_MUST_CHECK;

#endif
