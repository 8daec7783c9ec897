/* Quota: a key's requests of one calendar period, let through from blocks that are reserved for
 * this process.
 *
 * What has been handed out in a period is counted in one place for all replicas; a process reserves
 * a block there (struct gw_quota_source) and lets requests through from it, so nothing is ever let
 * through twice. Taking from the block is one compare-and-swap. A request that finds it empty waits
 * for the next reservation, of which there is one at a time for each key; a loop never blocks.
 *
 * The next block is reserved when a quarter of this one is left, so that a busy key seldom waits;
 * what is held and on its way together is never more than a block.
 *
 * A block doubles while blocks last less than GW_QUOTA_BLOCK_NS and halves while they last longer
 * than five times that, and is never more than a GW_QUOTA_SHARE of what is left for all: near the
 * end, and for small limits, it is one request. Used up is remembered for GW_QUOTA_RETRY_NS, since
 * a limit may be extended, and so is a source that does not answer.
 *
 * Not here: what is done with a block that is not used any more (gateway/meter.h). Any thread,
 * unless marked.
 */
#ifndef GATEWAY_QUOTA_H
#define GATEWAY_QUOTA_H

#include "base/mailbox.h"
#include "base/period.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Requests of a block: the first, the fewest a busy key falls back to, and the most. */
#define GW_QUOTA_BLOCK_MIN 8
#define GW_QUOTA_BLOCK_MAX 65536
#define GW_QUOTA_BLOCK_NS INT64_C(400000000)
#define GW_QUOTA_SHARE 16

/* How long "used up" and "no answer" are taken for granted. */
#define GW_QUOTA_RETRY_NS INT64_C(1000000000)

/* Requests of one key that wait for a reservation; those beyond are treated as if the source did
 * not answer. */
#define GW_QUOTA_WAITERS_MAX 4096

/* A period of a plan's quota. */
struct gw_quota_term {
    int64_t limit;
    struct base_period period;
    int64_t start_s; /* of the period, as base_period_start gives it; 0 in no term at all */
};

/* Whose it is. Both live as long as the quota. */
struct gw_quota_owner {
    const char *plan_id;
    const char *key_id;
};

struct gw_quota;

/* One reservation on its way, embedded in its gw_quota. */
struct gw_quota_reservation {
    struct gw_quota_owner owner;
    struct gw_quota_term term;
    int64_t want;
    struct gw_quota *quota;
};

/* Where blocks come from. */
struct gw_quota_source {
    /* Begins to reserve and returns at once; gw_quota_reserved ends it, exactly once, on any
     * thread, and may do so before this returns. */
    void (*reserve)(struct gw_quota_source *self, struct gw_quota_reservation *reservation);
};

/* Says what came of a reservation: whether the source answered, what it granted (0 to want) and
 * what is left behind that for all. */
void gw_quota_reserved(struct gw_quota_reservation *reservation, bool is_answered, int64_t granted,
                       int64_t left);

enum gw_quota_outcome {
    GW_QUOTA_GRANTED,
    GW_QUOTA_USED_UP,
    GW_QUOTA_UNKNOWN, /* the source does not answer */
    GW_QUOTA_WAITING, /* the waiter's mail will tell */
};

/* A request that waits. Embedded in what waits; stays in place until its mail has
 * been delivered. */
struct gw_quota_waiter {
    struct base_mail mail; /* on_mail is the owner's; comes to `home` exactly once */
    struct base_mailbox *home;
    struct gw_quota_waiter *next;
    struct gw_quota_term term;
    enum gw_quota_outcome outcome; /* in on_mail: any but WAITING */
};

struct gw_quota {
    /* What a request looks at stands together. */
    _Atomic uint64_t held;       /* the term's tag and what is left of the block */
    _Atomic int64_t low;         /* requests held at which more are reserved; -1: none */
    _Atomic int64_t left;        /* for all behind the block, when that was last heard */
    _Atomic int64_t retry_at_ns; /* until then, an empty block's answer is `answer` */
    _Atomic int answer;          /* an enum gw_quota_outcome */

    struct gw_quota_source *source;
    struct gw_quota_reservation reservation;
    pthread_mutex_t lock; /* of what follows; only taken where the block is empty */
    struct gw_quota_term term;
    bool is_reserving;
    int64_t size;        /* of the next block, before its caps */
    int64_t reserved_ns; /* when the last block came */
    struct gw_quota_waiter *first;
    struct gw_quota_waiter **last;
    size_t waiting;
};

/* Starts without a block. Owner and source are borrowed. */
void gw_quota_init(struct gw_quota *quota, struct gw_quota_owner owner,
                   struct gw_quota_source *source);

/* No reservation may be on its way. */
void gw_quota_dispose(struct gw_quota *quota);

/* Takes one request of `term` at `now_ns` (monotonic). With GW_QUOTA_WAITING `waiter`, whose mail
 * and home are set, is the quota's until its mail comes. */
enum gw_quota_outcome gw_quota_take(struct gw_quota *quota, const struct gw_quota_term *term,
                                    int64_t now_ns, struct gw_quota_waiter *waiter);

/* Puts back one that was granted in `term` and not made use of; without effect once the block is
 * another term's. */
void gw_quota_put_back(struct gw_quota *quota, const struct gw_quota_term *term);

/* What is left in `term`, to tell a client: the block, and what was left for all
 * when last heard. */
int64_t gw_quota_left(struct gw_quota *quota, const struct gw_quota_term *term);

/* The term that was last reserved in; its start_s is 0 before the first. */
struct gw_quota_term gw_quota_term(struct gw_quota *quota);

/* Whether a reservation is on its way. One that was begun ahead has no waiter whose owner would
 * keep the quota until it is answered; somebody else must. */
bool gw_quota_is_reserving(struct gw_quota *quota);

/* Takes away what is left of the block; gives its term and returns how much that is. */
int64_t gw_quota_empty(struct gw_quota *quota, struct gw_quota_term *out_term);

#endif
