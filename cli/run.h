/* Run: the subcommands that serve until they are told to stop.
 *
 * Each opens what it needs, logs a line event=listening with address and protocol (http or grpc)
 * for every listener, waits for SIGTERM or SIGINT and drains. Startup thread.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/options.h"

/* REST and gRPC over the services of this process. */
bool cli_run_serve(const struct cli_options *options, struct base_err *err) BASE_MUST_CHECK;

/* gRPC alone. */
bool cli_run_server(const struct cli_options *options, struct base_err *err) BASE_MUST_CHECK;

/* REST alone, over the services of a gRPC server. */
bool cli_run_gateway(const struct cli_options *options, struct base_err *err) BASE_MUST_CHECK;

#endif
