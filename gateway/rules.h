/* Rules: HTTP rules that stand apart from the .proto files, by the methods they are for.
 *
 * Read from a service configuration in the form of google.api.Service, of which only `http` is
 * looked at, in YAML or, since that is YAML too, in JSON:
 *
 *     http:
 *       rules:
 *       - selector: shop.v1.Shop.GetItem
 *         get: /v1/items/{id}
 *         additional_bindings:
 *         - get: /v1/shelves/{shelf}/items/{id}
 *
 * A rule has what google.api.HttpRule has, under its proto names or its JSON names. It takes the
 * place of all that the method's own annotation says; of several for one method the last one counts
 * (google.api.Http). A file is its operator's, but is held to the limits below all the same.
 * Startup thread, or any one at a time.
 */
#ifndef GATEWAY_RULES_H
#define GATEWAY_RULES_H

#include "gateway/schema.h"

/* Bytes of a file, and of the rules made from it. */
#define GW_RULES_FILE_BYTES_MAX (size_t)(8 * 1024 * 1024)
#define GW_RULES_MEMORY_BYTES_MAX (size_t)(32 * 1024 * 1024)

struct gw_rules;

/* Returns owned the rules in `text`, which is called `name` in errors ("rules.yaml:12: ..."); NULL
 * with INVALID_ARGUMENT when it is no YAML, has no rules, or one that has no or two patterns, an
 * unknown key or the same key twice; with RESOURCE_EXHAUSTED past a limit. */
struct gw_rules *gw_rules_parse(const char *name, struct base_str text, struct base_err *err);

/* Accepts NULL. */
void gw_rules_destroy(struct gw_rules *rules);

size_t gw_rules_count(const struct gw_rules *rules);

/* Gives each method of `schema` that has a rule that one. INVALID_ARGUMENT, naming the place, for a
 * selector that is no method's name. The schema copies what it needs. */
bool gw_rules_apply(const struct gw_rules *rules, struct gw_schema *schema,
                    struct base_err *err) BASE_MUST_CHECK;

#endif
