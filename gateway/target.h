/* Target: the request target of a request line or of :path, taken apart.
 *
 * Pure; everything borrows from the target. Any thread.
 */
#ifndef GATEWAY_TARGET_H
#define GATEWAY_TARGET_H

#include "base/str.h"

struct gw_target {
    struct base_str authority; /* of an absolute target, where it replaces Host; else empty */
    struct base_str raw_path;
    struct base_str raw_query; /* behind the "?"; empty without one */
};

/* Splits "/path?query" or "http://authority/path?query", https likewise (RFC 9112 section 3.2). Any
 * other text is a path, for the router to refuse. */
struct gw_target gw_target_split(struct base_str target);

#endif
