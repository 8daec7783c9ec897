/* CORS from the command line: the --cors-* flags become the gateway's policy. Startup thread. */
#ifndef CLI_CORS_H
#define CLI_CORS_H

#include "cli/options.h"
#include "gateway/cors.h"

/* Makes what the flags ask for: NULL where --cors-origin is not given. Returns owned; the policy
 * borrows from `options`. Fails with a message for the person who typed. */
bool cli_cors_create(const struct cli_options *options, struct gw_cors **out_cors,
                     struct base_err *err) BASE_MUST_CHECK;

#endif
