/* Meter: what a key has used under a plan, as far as this process knows: its token buckets, its
 * block of the quota, and the requests it was let through for.
 *
 * Keys and plans change as immutable snapshots (gateway/access.h); meters are what must not be
 * forgotten with one. They are found by plan and key when a snapshot is made, and live while one
 * refers to them or something of them has not been written down. Counting is one atomic addition.
 *
 * A thread that may block calls gw_meters_flush about once a second. It writes down what was used
 * in that time, gives back blocks that nobody has taken from for GW_METER_IDLE_FLUSHES, and lets
 * counters of periods go that have been over for GW_METER_GRACE_S, so that replicas whose clocks
 * differ by less than that agree.
 */
#ifndef GATEWAY_METER_H
#define GATEWAY_METER_H

#include "gateway/quota.h"
#include "gateway/token_bucket.h"

#include <stddef.h>

#define GW_METER_IDLE_FLUSHES 5
#define GW_METER_GRACE_S 30

/* Where usage goes. Each may block; all on the thread that flushes. */
struct gw_usage_sink {
    /* Adds to what was used on `day` (counted from 1970). False when that failed: the count is
     * offered again with a later flush. */
    bool (*add)(struct gw_usage_sink *self, struct gw_quota_owner owner, int64_t day,
                int64_t count);
    /* Gives back what was reserved and not used. */
    void (*release)(struct gw_usage_sink *self, struct gw_quota_owner owner,
                    const struct gw_quota_term *term, int64_t count);
    /* Forgets the counter of a term that is over. */
    void (*forget)(struct gw_usage_sink *self, struct gw_quota_owner owner,
                   const struct gw_quota_term *term);
};

struct gw_meters;
struct gw_meter;

/* Returns owned a process's meters. `source` is borrowed. */
struct gw_meters *gw_meters_create(struct gw_quota_source *source);

/* All references must have been let go and all reservations answered; what was not flushed is lost.
 * Accepts NULL. */
void gw_meters_destroy(struct gw_meters *meters);

/* Returns a reference to the meter of a plan and a key, made when there is none. */
struct gw_meter *gw_meters_get(struct gw_meters *meters, const char *plan_id, const char *key_id);

/* Lets a reference go. */
void gw_meter_unref(struct gw_meter *meter);

/* The bucket of this name, which lives as long as the meter; "" is the plan's own. Made when there
 * is none. Not on a loop: takes a lock. */
struct gw_token_bucket *gw_meter_bucket(struct gw_meter *meter, const char *name);

struct gw_quota *gw_meter_quota(struct gw_meter *meter);

/* Counts one request that was let through at `now_s` (Unix time). */
void gw_meter_count(struct gw_meter *meter, int64_t now_s);

/* Puts back one of the quota's that was granted in `term` and not made use of. */
void gw_meter_put_back(struct gw_meter *meter, const struct gw_quota_term *term);

/* Writes down what there is at `now_s`; with `is_last`, when no more requests come, every block is
 * given back. One thread. */
void gw_meters_flush(struct gw_meters *meters, struct gw_usage_sink *sink, int64_t now_s,
                     bool is_last);

#endif
