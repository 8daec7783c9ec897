/* Query: the parameters of a URL's query become fields of the request message.
 *
 * "page_size=10&tag=a&tag=b&note.title=x+y": dotted field paths in proto or JSON names, a repeated
 * field once for each value, "+" for a space. A parameter without "=" has an empty value; one
 * without a name is passed over. Pure; any thread.
 */
#ifndef GATEWAY_QUERY_H
#define GATEWAY_QUERY_H

#include "gateway/route.h"

/* Parameters of one query string. */
#define GW_QUERY_PARAMETERS_MAX 1000

/* Appends what `raw_query` sets to `out`. INVALID_ARGUMENT names the parameter: unknown (passed
 * over where the options ignore unknown fields), not a value text can express, twice for one value,
 * two of one oneof, or in the way of the body's field or the path's variables. A parameter that
 * names exactly a variable is let through: whether it agrees with the path is the caller's
 * question. With body "*" no field is left for a parameter, so any is unknown.
 * out_enters_well_known: a parameter named a part of a well-known type, and whether its parts are a
 * value together is the caller's question, too. */
bool gw_query_to_wire(const struct gw_route *route, struct base_str raw_query, bool has_body,
                      const struct gw_transcode_options *options, struct base_buf *out,
                      bool *out_enters_well_known, struct base_err *err) BASE_MUST_CHECK;

#endif
