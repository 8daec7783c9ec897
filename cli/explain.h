/* Explain: the subcommand that shows what a REST request would call.
 *
 * Prints to standard output the rpc, the rule's template and body, what its variables captured, and
 * the message the rpc would get, as ProtoJSON; or the answer that the gateway would give by itself.
 * Keys, plans and stages are another store's to know: that a method needs a key is told, whether it
 * would be let in is not. Startup thread.
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "cli/options.h"

/* Returns whether the request would be served; a request that would be refused has been printed,
 * and leaves `err` without a message. INVALID_ARGUMENT with one for what cannot be a request, or a
 * descriptor set that cannot be loaded. */
bool cli_explain(const struct cli_options *options, struct base_err *err) BASE_MUST_CHECK;

#endif
