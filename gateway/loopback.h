/* Loopback: the names under which a machine is reached from itself alone. Pure; any thread. */
#ifndef GATEWAY_LOOPBACK_H
#define GATEWAY_LOOPBACK_H

#include "base/str.h"

#include <stdbool.h>

/* Whether "host" or "host:port" is localhost, [::1] or an address of 127.0.0.0/8, written out. A
 * name that only begins like one is none: it may be anybody's. */
bool gw_loopback_has(struct base_str authority);

#endif
