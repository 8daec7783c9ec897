/* Allow: the methods of one path, gathered and written as the header lists them (RFC 9110 section
 * 10.2.1). One thread at a time.
 */
#ifndef GATEWAY_ALLOW_H
#define GATEWAY_ALLOW_H

#include "base/str.h"

/* Bytes of the header's value, a NUL included. */
#define GW_ALLOW_SIZE 256

/* GET, HEAD, POST, PUT, PATCH and DELETE. */
#define GW_ALLOW_STANDARD_COUNT 6

/* Other methods; more have no room in the header anyway. */
#define GW_ALLOW_CUSTOM_MAX 8

struct gw_allow {
    bool standard[GW_ALLOW_STANDARD_COUNT];
    struct base_str custom[GW_ALLOW_CUSTOM_MAX]; /* borrowed */
    size_t custom_count;
};

/* Adds a method; "*" stands for all the standard ones. Borrows its name. */
void gw_allow_add(struct gw_allow *allow, struct base_str http_method);

/* Writes "GET, HEAD, OPTIONS" and a NUL: HEAD goes with GET, OPTIONS is always served. Methods
 * for which there is no room are left out. */
void gw_allow_write(const struct gw_allow *allow, char out[GW_ALLOW_SIZE]);

#endif
