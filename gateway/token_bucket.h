/* Token bucket: so many requests a second, and so many at once.
 *
 * A bucket holds up to `burst` tokens and gains `rate` a second; a request takes one or is refused.
 * It is one atomic word, so all loops of a process share it without a lock, and a bucket of zeroes
 * is a full one. A bucket may meet another limit from one request to the next: within
 * GW_TOKEN_HEAL_NS it is no emptier than the new limit lets a bucket be. The caller brings the
 * clock.
 */
#ifndef GATEWAY_TOKEN_BUCKET_H
#define GATEWAY_TOKEN_BUCKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Rates above are as good as this one, in tokens a second; below the lowest, as good as 0. */
#define GW_TOKEN_RATE_MAX 1e9
#define GW_TOKEN_RATE_MIN 1e-6

/* What a bucket that a slower or deeper limit left behind may cost under a new one. */
#define GW_TOKEN_HEAL_NS INT64_C(1000000000)

/* Times are kept in sixteenths of a nanosecond. */
#define GW_TOKEN_UNITS_PER_NS 16

/* What buckets are filled by; constant. All zero (no `is_limited`): nothing is ever refused. */
struct gw_token_limit {
    bool is_limited;
    bool refuses_all; /* no rate or no burst: there never is a token */
    int64_t interval; /* between two tokens, in units */
    int64_t depth;    /* until an empty bucket is full, likewise */
    int64_t burst;
};

struct gw_token_bucket {
    _Atomic int64_t full_at; /* when it is full again, in units */
};

/* The limit of `rate` tokens a second, which may be a fraction, and `burst` tokens at once. */
struct gw_token_limit gw_token_limit_of(double rate, int64_t burst);

/* Takes a token at `now_ns` (base_clock_monotonic_ns). False when there is none; out_wait_ns is
 * then how long until the next comes, INT64_MAX for never. Any thread. */
bool gw_token_bucket_take(struct gw_token_bucket *bucket, const struct gw_token_limit *limit,
                          int64_t now_ns, int64_t *out_wait_ns);

#endif
