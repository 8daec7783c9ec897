/* Well-known types: what reading and writing them have in common.
 *
 * Pure; any thread.
 */
#ifndef GATEWAY_WELL_KNOWN_H
#define GATEWAY_WELL_KNOWN_H

#include "base/buf.h"
#include "gateway/schema.h"

/* Where the fields stand in the descriptors (schema_fields.c checks that they do). */
enum { GW_ANY_TYPE_URL, GW_ANY_VALUE };
enum {
    GW_VALUE_NULL,
    GW_VALUE_NUMBER,
    GW_VALUE_STRING,
    GW_VALUE_BOOL,
    GW_VALUE_STRUCT,
    GW_VALUE_LIST,
};

/* The type that an Any's URL names behind its last slash; NULL when there is none. */
const struct gw_message *gw_any_type(const struct gw_schema *schema, struct base_str url);

/* "an RFC 3339 timestamp": what JSON of the type looks like, for messages. Static. */
const char *gw_well_known_article(enum gw_well_known kind);

/* Appends the payload that `text` stands for as a Timestamp, Duration or FieldMask. `text` may
 * stand in the spare room of `out`. With snake_too a mask's paths may have underscores, as people
 * write them in URLs. INVALID_ARGUMENT says what was expected and not where. */
bool gw_well_known_put(const struct gw_message *type, struct base_str text, bool snake_too,
                       struct base_buf *out, struct base_err *err) BASE_MUST_CHECK;

#endif
