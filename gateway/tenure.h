/* Tenure: the time in which one desk serves one gateway.
 *
 * A gateway can be replaced while it is in use. Each call belongs to the tenure it began in, which
 * holds a reference to that gateway, and ends in it; when a tenure is over, its last call lets the
 * gateway go. Each desk counts its own calls, so a call costs an increment in memory that only its
 * thread writes, and no lock. One thread: the desk's.
 */
#ifndef GATEWAY_TENURE_H
#define GATEWAY_TENURE_H

#include "gateway/gateway.h"

struct gw_tenure {
    struct gw_gateway *gateway; /* a reference of ours */
    size_t calls;               /* that began in it and have not ended */
    bool is_over;               /* no more calls begin in it */
};

/* Returns owned a tenure, which takes a reference of its own to `gateway`. */
struct gw_tenure *gw_tenure_begin(struct gw_gateway *gateway);

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
