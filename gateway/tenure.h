/* Tenure: the time in which one desk serves one gateway, with one snapshot of keys and plans.
 *
 * Either can be replaced while it is in use. Each call belongs to the tenure it began in, which
 * holds a reference to both, and ends in it; when a tenure is over, its last call lets them go.
 * Each desk counts its own calls, so a call costs an increment in memory that only its thread
 * writes, and no lock. One thread: the desk's.
 */
#ifndef GATEWAY_TENURE_H
#define GATEWAY_TENURE_H

#include "gateway/access.h"
#include "gateway/gateway.h"

struct gw_tenure {
    struct gw_gateway *gateway; /* a reference of ours */
    struct gw_access *access;   /* likewise, or NULL: no key is known */
    size_t calls;               /* that began in it and have not ended */
    bool is_over;               /* no more calls begin in it */
};

/* Returns owned a tenure, which takes references of its own to `gateway` and, unless it is NULL,
 * `access`. */
struct gw_tenure *gw_tenure_begin(struct gw_gateway *gateway, struct gw_access *access);

/* Says that no more calls begin: the tenure goes now, or with its last call. */
void gw_tenure_end(struct gw_tenure *tenure);

/* Lets go of an ended tenure without calls. */
void gw_tenure_destroy(struct gw_tenure *tenure);

/* A call begins in the tenure, which lives at least until the call leaves it. */
static inline void gw_tenure_enter(struct gw_tenure *tenure)
{
    tenure->calls++;
}

/* The call has ended. */
static inline void gw_tenure_leave(struct gw_tenure *tenure)
{
    if (--tenure->calls == 0 && tenure->is_over) {
        gw_tenure_destroy(tenure);
    }
}

#endif
