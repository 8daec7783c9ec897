/* API: the descriptor sets, rules and JSON of a gateway, read from where its options say.
 *
 * The files of --proto-set, or with --reflect what the upstream's server reflection tells; without
 * either, what is compiled in. In each case the sets go to the gateway as bytes, and with them
 * those of the messages that errors carry, and the file of --rules. Startup thread.
 */
#ifndef CLI_API_H
#define CLI_API_H

#include "cli/options.h"
#include "cli/reflection.h"
#include "gateway/gateway.h"

/* The files, and the sets of the errors' messages. */
#define CLI_API_SETS_MAX (CLI_LIST_ITEMS_MAX + 2)

struct cli_api {
    struct gw_descriptor_set sets[CLI_API_SETS_MAX];
    size_t set_count;
    struct base_buf bytes[CLI_LIST_ITEMS_MAX]; /* what `sets` borrow from */
    size_t bytes_count;
    struct gw_rules *rules; /* NULL without --rules */
};

/* Reads them; `reflection` is how --reflect asks, and may be NULL where there is no such flag.
 * INVALID_ARGUMENT names the file that cannot be read, or holds no rules; cli_reflection_fetch says
 * how asking can fail. What the sets hold, and for which methods the rules are, is for the gateway
 * to judge. */
bool cli_api_read(struct cli_api *api, const struct cli_options *options,
                  const struct cli_reflection *reflection, struct base_err *err) BASE_MUST_CHECK;

void cli_api_dispose(struct cli_api *api);

/* How the gateway reads and writes JSON, for gw_gateway_config. */
struct gw_transcode_options cli_api_json(const struct cli_options *options);

#endif
