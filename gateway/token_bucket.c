/* The generic cell rate algorithm (ITU-T I.371): instead of a level and the time it was true at,
 * one time, at which the bucket will be full. A token moves it one interval on, from now at the
 * earliest; there is none left when that would put it more than a whole bucket ahead. Sixteenths of
 * a nanosecond keep the error of the interval below 0.01 % up to a rate of a million.
 *
 * Only a bucket that another limit filled is further ahead than a whole bucket of this one. It is
 * brought back, but not for less than GW_TOKEN_HEAL_NS: a thread that was held up between reading
 * the clock and coming here sees the same. */
#include "gateway/token_bucket.h"

#include <math.h>

#define UNITS_PER_S (GW_TOKEN_UNITS_PER_NS * 1e9)

/* No time is as far ahead as this; sums of two still fit. */
#define UNITS_MAX (INT64_MAX / 4)

struct gw_token_limit gw_token_limit_of(double rate, int64_t burst)
{
    struct gw_token_limit limit = {.is_limited = true, .burst = burst};
    /* Written so that a NaN refuses, too. */
    if (!(rate >= GW_TOKEN_RATE_MIN) || burst < 1) {
        limit.refuses_all = true;
        return limit;
    }
    limit.interval = llround(UNITS_PER_S / fmin(rate, GW_TOKEN_RATE_MAX));
    limit.depth = burst > UNITS_MAX / limit.interval ? UNITS_MAX : limit.interval * burst;
    return limit;
}

bool gw_token_bucket_take(struct gw_token_bucket *bucket, const struct gw_token_limit *limit,
                          int64_t now_ns, int64_t *out_wait_ns)
{
    if (!limit->is_limited) {
        return true;
    }
    if (limit->refuses_all) {
        *out_wait_ns = INT64_MAX;
        return false;
    }
    int64_t now = now_ns * GW_TOKEN_UNITS_PER_NS;
    int64_t full_at = atomic_load_explicit(&bucket->full_at, memory_order_relaxed);
    int64_t next;
    if (full_at - now > limit->depth + GW_TOKEN_HEAL_NS * GW_TOKEN_UNITS_PER_NS) {
        atomic_compare_exchange_strong_explicit(&bucket->full_at, &full_at, now + limit->depth,
                                                memory_order_relaxed, memory_order_relaxed);
        full_at = now + limit->depth;
    }
    do {
        next = (full_at > now ? full_at : now) + limit->interval;
        if (next - now > limit->depth) {
            *out_wait_ns =
                (next - now - limit->depth + GW_TOKEN_UNITS_PER_NS - 1) / GW_TOKEN_UNITS_PER_NS;
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&bucket->full_at, &full_at, next,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}
