/* Dialect: where the HTTP of one gateway differs from what Tollgate speaks otherwise.
 *
 * A gateway without one admits every request and answers errors as {"code","message","details"}.
 * Constant, and called on loop threads.
 */
#ifndef GATEWAY_DIALECT_H
#define GATEWAY_DIALECT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "gateway/head.h"

struct gw_exchange;

struct gw_dialect {
    /* Sees a request before it is routed, and may give it another path, query or set of headers,
     * which may live in `arena`. Returning false answers `err`. */
    bool (*receive)(const struct gw_dialect *self, struct gw_exchange *exchange,
                    struct base_arena *arena, struct base_err *err);

    /* Appends the JSON body of an error and gives the header, static, that goes with it. */
    struct gw_header (*write_error)(const struct gw_dialect *self, enum base_code code,
                                    struct base_str message, struct base_buf *out);
};

#endif
