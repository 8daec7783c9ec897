/* Time text: google.protobuf.Timestamp and Duration as ProtoJSON writes them.
 *
 * Timestamps are RFC 3339 in upper case, years 0001 to 9999, "Z" out and any offset in; durations
 * are decimal seconds with an "s". Both have 0, 3, 6 or 9 digits behind the point out and up to 9
 * in. Pure; any thread.
 */
#ifndef GATEWAY_TIME_TEXT_H
#define GATEWAY_TIME_TEXT_H

#include "base/str.h"

#include <stdint.h>

/* Room for either text. */
#define GW_TIME_TEXT_SIZE 40

/* False when the text is malformed or out of range. */
bool gw_timestamp_parse(struct base_str text, int64_t *out_seconds, int32_t *out_nanos);
bool gw_duration_parse(struct base_str text, int64_t *out_seconds, int32_t *out_nanos);

/* The text of the day that was written last: times that come together are mostly of one day. All
 * zeros for none. */
struct gw_date_text {
    uint32_t days; /* from 0000-03-01, which is before all that are written */
    char text[11]; /* "2006-01-02T" */
};

/* Writes at most GW_TIME_TEXT_SIZE bytes; returns the end, or NULL when the value is
 * out of range. */
char *gw_timestamp_format(int64_t seconds, int32_t nanos, struct gw_date_text *date, char *out);
char *gw_duration_format(int64_t seconds, int32_t nanos, char *out);

#endif
