/* Admission: whether a request may go on, by its key and the limits that hold for it.
 *
 * In this order: the key (of methods that ask for one, which alone know plans), the
 * plan's limit for the method or else its limit for the key, the stage's limit for the method, the
 * process's limit; then, once the request has been understood, the plan's quota. A request that a
 * limit refuses has taken its token of the limits before; one that is refused for whatever reason
 * is not counted in the quota, and neither is one that cannot be understood.
 *
 * Where the quota's block is empty the request waits for the next without holding up its loop
 * (gateway/quota.h). Refusals look like those of AWS API Gateway, with the headers it lacks:
 * Retry-After, RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10). On a loop.
 */
#ifndef GATEWAY_ADMISSION_H
#define GATEWAY_ADMISSION_H

#include "base/arena.h"
#include "base/calendar.h"
#include "gateway/head.h"
#include "gateway/key_cache.h"
#include "gateway/route.h"

/* Headers of one answer. */
#define GW_ADMISSION_HEADERS_MAX 4

/* How long, at most, a loop goes by the time of day it has read: quotas count in seconds. */
#define GW_ADMISSION_CLOCK_NS INT64_C(5000000)

/* Which methods ask for a key. */
enum gw_key_rule {
    GW_KEYS_BY_METHOD, /* those with api_key_required */
    GW_KEYS_ALWAYS,
    GW_KEYS_NEVER,
};

/* What holds for all requests of a process. Constant once served by. */
struct gw_admission_policy {
    struct gw_stages *stages;
    enum gw_key_rule key_rule;
    bool quota_fail_open; /* while the quota's source does not answer, requests go on uncounted */
    const struct base_clock *clock; /* of the calendar */
};

bool gw_admission_asks_for_key(const struct gw_admission_policy *policy,
                               const struct gw_method *method);

enum gw_verdict {
    GW_ADMITTED,
    GW_WAITING,   /* for the quota */
    GW_FORBIDDEN, /* 403: no key, an unknown or disabled one, or in no plan of the stage */
    GW_THROTTLED, /* 429: a token bucket is empty */
    GW_USED_UP,   /* 429: the quota is */
    GW_NO_ANSWER, /* 503: the quota's source does not answer */
};

/* What a loop remembers from one request to the next. All zero is nothing. */
struct gw_admission_memory {
    int64_t unix_s; /* the time of day, as good as read until then */
    int64_t unix_until_ns;
    struct base_calendar calendar;
    struct gw_key_cache keys; /* of the snapshot in force; to be cleared with it */
};

/* One request's. Embedded in the call; all zero before gw_admission_check. */
struct gw_admission {
    const struct gw_admission_policy *policy;
    struct gw_admission_memory *memory;
    const struct gw_grant *grant; /* NULL where no key is needed; the snapshot's */
    int64_t now_s;                /* of the calendar, when the quota was asked */
    struct gw_quota_term term;    /* start_s is 0 without a quota */
    int64_t term_end_s;
    struct gw_quota_waiter waiter;
    /* Of the limit that refused: what it is called, and when to come again (0: unknown). */
    const char *limit_name;
    int64_t limit_requests;
    int64_t limit_window_s;
    int64_t retry_s;
};

struct gw_admission_request {
    const struct gw_admission_policy *policy;
    const struct gw_access *access; /* NULL: no key is known. Must live until gw_admission_end */
    struct gw_admission_memory *memory; /* the calling thread's; must live as long */
    const struct gw_route *route;
    size_t stage;
    struct base_str api_key; /* x-api-key; empty without one */
    int64_t now_ns;          /* monotonic */
};

/* Checks key and throttles: ADMITTED, FORBIDDEN or THROTTLED. */
enum gw_verdict gw_admission_check(struct gw_admission *admission,
                                   const struct gw_admission_request *request);

/* Takes the request from the quota and counts it: any verdict but FORBIDDEN and THROTTLED. After
 * WAITING on_mail comes, on the thread that drains `home`, with the waiter's mail; the admission
 * must stay in place until then, and gw_admission_resume tells the verdict. */
enum gw_verdict gw_admission_take_quota(struct gw_admission *admission, int64_t now_ns,
                                        struct base_mailbox *home,
                                        void (*on_mail)(struct base_mail *mail));

/* What came of waiting. `is_wanted` is false when the call has ended meanwhile: what was granted
 * goes back, and the verdict means nothing. */
enum gw_verdict gw_admission_resume(struct gw_admission *admission, bool is_wanted);

/* Whether the request counts in a quota. */
static inline bool gw_admission_has_quota(const struct gw_admission *admission)
{
    return admission->term.start_s != 0;
}

/* Forgets the request. Not while it waits. */
void gw_admission_end(struct gw_admission *admission);

/* The HTTP status and the body of a refusal; static. */
int gw_admission_status(enum gw_verdict verdict);
struct base_str gw_admission_body(enum gw_verdict verdict);

/* Writes the headers that the answer to this request has and returns how many; their texts live in
 * `arena` or are static. Past the arena's cap there are none. */
size_t gw_admission_headers(const struct gw_admission *admission, enum gw_verdict verdict,
                            struct base_arena *arena,
                            struct gw_header out[GW_ADMISSION_HEADERS_MAX]);

#endif
