/* JSON indent: compact JSON made readable, a member or an element a line.
 *
 * A step after writing, so that what is not indented pays nothing for it. Pure; any thread.
 */
#ifndef GATEWAY_JSON_INDENT_H
#define GATEWAY_JSON_INDENT_H

#include "base/buf.h"
#include "base/err.h"

/* Spaces a level. */
#define GW_INDENT_MAX 8

/* Spreads the JSON value that stands in `out` from `start` to the end, one without space outside of
 * strings, over lines that start with `spaces` (at most GW_INDENT_MAX) a level. What is empty stays
 * as it is: {} and []. False, and nothing changed, past the buffer's maximum. */
bool gw_json_indent(struct base_buf *out, size_t start, int spaces) BASE_MUST_CHECK;

#endif
