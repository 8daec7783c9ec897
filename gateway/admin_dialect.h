/* Admin dialect: the HTTP of AWS API Gateway's own API, for clients that expect it.
 *
 * Errors are {"message":...} with the exception's name in x-amzn-ErrorType. POST /apikeys with
 * mode=import in its query, which the AWS API tells apart from POST /apikeys by nothing else, is
 * routed as POST /apikeys:import.
 *
 * With credentials a request must carry the bearer token or a signature (gateway/sigv4.h) of the
 * key; other than that it is 401 or 403. Without any the listener is for this machine alone, and
 * takes no request that a browser may have been tricked into: Host must be a name of loopback, and
 * Origin absent.
 */
#ifndef GATEWAY_ADMIN_DIALECT_H
#define GATEWAY_ADMIN_DIALECT_H

#include "base/clock.h"
#include "gateway/dialect.h"
#include "gateway/sigv4.h"

struct gw_admin_dialect {
    struct gw_dialect dialect;
    const struct base_clock *clock;
    struct gw_sigv4_key key; /* an empty id: signatures are not taken */
    struct base_str token;   /* empty: bearer tokens are not taken */
};

/* Readies the dialect, which borrows all of it. */
void gw_admin_dialect_init(struct gw_admin_dialect *dialect, const struct base_clock *clock,
                           struct gw_sigv4_key key, struct base_str token);

#endif
