/* Usage: what each key did under each plan, a day at a time, and what is left of its quota.
 *
 * The gateways add to it about once a second (srv_usage_add); the admin API reads it
 * (srv_usage_read). Days are counted from 1970-01-01, in UTC. Kept in the collection "usage", one
 * document a plan, key and day, so that no two days or keys stand in each other's way. Blocking;
 * any thread.
 */
#ifndef SERVER_USAGE_H
#define SERVER_USAGE_H

#include "server/quota.h"

/* Days of one report. */
#define SRV_USAGE_DAYS_MAX 366

struct srv_usage_day {
    int64_t used;
    int64_t
        remaining; /* of the period the day lies in, at its end or, today, now; 0 without quota */
};

/* Adds `count` requests. Where it is not known whether that was made (UNAVAILABLE), adding again
 * counts them twice or once. */
bool srv_usage_add(struct srv_store *store, struct rpc_context *ctx, struct srv_quota_owner owner,
                   int64_t day, int64_t count, struct base_err *err) BASE_MUST_CHECK;

/* Reports the days `first` to `last`, at most SRV_USAGE_DAYS_MAX of them, in their order. `quota`
 * is the plan's, NULL without one; `now_s` tells which day is today.
 *
 * What remained of a day, week or month on a past day is today's limit less what was used from the
 * period's start through that day; today it is what the period's counter has left, which counts
 * blocks that replicas have reserved and not used yet as used. Minutes and hours that are over had
 * their own limits: their days show the whole limit. */
bool srv_usage_read(struct srv_store *store, struct rpc_context *ctx, struct srv_quota_owner owner,
                    const Tollgate__Quota *quota, int64_t now_s, int64_t first, int64_t last,
                    struct srv_usage_day *out_days, struct base_err *err) BASE_MUST_CHECK;

#endif
