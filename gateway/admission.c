#include "gateway/admission.h"

#include "base/clock.h"
#include "gateway/json_writer.h"

#include <inttypes.h>
#include <stdio.h>

/* Room for the value of a header. */
#define VALUE_SIZE 80

/* ---- Key and throttles ---- */

/* Seconds are what clients are told; a part of one is a whole one. */
static int64_t whole_seconds(int64_t ns)
{
    return ns / BASE_NS_PER_S + (ns % BASE_NS_PER_S > 0 ? 1 : 0);
}

/* How long an empty bucket takes to fill: the window that its burst is for. */
static int64_t window_of(const struct gw_token_limit *limit)
{
    int64_t window_s = whole_seconds(limit->depth / GW_TOKEN_UNITS_PER_NS);
    return window_s < 1 ? 1 : window_s;
}

/* Remembers of a limit that has no token what to tell the client. */
static bool refuse_by_limit(struct gw_admission *admission, const struct gw_token_limit *limit,
                            const char *name, int64_t wait_ns)
{
    admission->limit_name = name;
    admission->limit_requests = limit->burst;
    admission->limit_window_s = window_of(limit);
    admission->retry_s = wait_ns == INT64_MAX ? 0 : whole_seconds(wait_ns);
    return false;
}

/* Takes a token where there is a limit. */
static inline bool take_token(struct gw_admission *admission, struct gw_token_bucket *bucket,
                              const struct gw_token_limit *limit, const char *name, int64_t now_ns)
{
    int64_t wait_ns;
    return !limit->is_limited || gw_token_bucket_take(bucket, limit, now_ns, &wait_ns) ||
           refuse_by_limit(admission, limit, name, wait_ns);
}

/* The plan's limit for the method stands in the place of the one for the key. */
static bool take_plan_token(struct gw_admission *admission, const struct gw_route *route,
                            int64_t now_ns)
{
    const struct gw_grant *grant = admission->grant;
    for (size_t i = 0; i < grant->terms->method_count; i++) {
        const struct gw_method_limit *method = &grant->terms->methods[i];
        if (base_str_eq(method->path_template, route->path_template.text) &&
            base_str_eq(method->http_method, route->http_method)) {
            return take_token(admission, grant->methods[i], &method->limit, "method", now_ns);
        }
    }
    return take_token(admission, grant->bucket, &grant->terms->limit, "key", now_ns);
}

static bool find_grant(struct gw_admission *admission, const struct gw_admission_request *request)
{
    if (request->access == NULL) {
        return false;
    }
    admission->grant = gw_key_cache_find(&request->memory->keys, request->access, request->api_key,
                                         request->stage);
    return admission->grant != NULL;
}

bool gw_admission_asks_for_key(const struct gw_admission_policy *policy,
                               const struct gw_method *method)
{
    return policy->key_rule == GW_KEYS_ALWAYS ||
           (policy->key_rule == GW_KEYS_BY_METHOD && method->api_key_required);
}

enum gw_verdict gw_admission_check(struct gw_admission *admission,
                                   const struct gw_admission_request *request)
{
    const struct gw_admission_policy *policy = request->policy;
    const struct gw_route *route = request->route;
    struct gw_stages *stages = policy->stages;
    const struct gw_stage *stage = &stages->stages[request->stage];
    admission->policy = policy;
    admission->memory = request->memory;
    if (gw_admission_asks_for_key(policy, route->method)) {
        if (!find_grant(admission, request)) {
            return GW_FORBIDDEN;
        }
        if (!take_plan_token(admission, route, request->now_ns)) {
            return GW_THROTTLED;
        }
    }
    bool has_tokens = take_token(admission, &route->stage_buckets[request->stage], &stage->limit,
                                 "stage", request->now_ns) &&
                      take_token(admission, &stages->process_bucket, &stages->process_limit,
                                 "gateway", request->now_ns);
    return has_tokens ? GW_ADMITTED : GW_THROTTLED;
}

/* ---- Quota ---- */

/* The time of day, read anew every GW_ADMISSION_CLOCK_NS and when its second is over: loops that
 * disagreed on a quota's period would take its block from one another. */
static int64_t unix_s(const struct gw_admission *admission, int64_t now_ns)
{
    struct gw_admission_memory *memory = admission->memory;
    if (now_ns >= memory->unix_until_ns) {
        const struct base_clock *clock = admission->policy->clock;
        int64_t unix_ns = clock->unix_ns(clock);
        int64_t rest_ns = BASE_NS_PER_S - unix_ns % BASE_NS_PER_S;
        memory->unix_s = unix_ns / BASE_NS_PER_S;
        memory->unix_until_ns =
            now_ns + (rest_ns < GW_ADMISSION_CLOCK_NS ? rest_ns : GW_ADMISSION_CLOCK_NS);
    }
    return memory->unix_s;
}

static void refuse_by_quota(struct gw_admission *admission)
{
    const struct gw_quota_term *term = &admission->term;
    int64_t end_s = admission->term_end_s;
    admission->limit_name = "quota";
    admission->limit_requests = term->limit;
    admission->limit_window_s = end_s - term->start_s;
    admission->retry_s = end_s > admission->now_s ? end_s - admission->now_s : 1;
}

static enum gw_verdict verdict_of(struct gw_admission *admission, enum gw_quota_outcome outcome)
{
    if (outcome == GW_QUOTA_WAITING) {
        return GW_WAITING;
    }
    if (outcome == GW_QUOTA_USED_UP) {
        refuse_by_quota(admission);
        return GW_USED_UP;
    }
    if (outcome == GW_QUOTA_UNKNOWN && !admission->policy->quota_fail_open) {
        admission->retry_s = GW_QUOTA_RETRY_NS / BASE_NS_PER_S;
        return GW_NO_ANSWER;
    }
    gw_meter_count(admission->grant->meter, admission->now_s);
    return GW_ADMITTED;
}

enum gw_verdict gw_admission_take_quota(struct gw_admission *admission, int64_t now_ns,
                                        struct base_mailbox *home,
                                        void (*on_mail)(struct base_mail *mail))
{
    const struct gw_grant *grant = admission->grant;
    if (grant == NULL) {
        return GW_ADMITTED;
    }
    admission->now_s = unix_s(admission, now_ns);
    if (!grant->terms->has_quota) {
        return verdict_of(admission, GW_QUOTA_GRANTED);
    }
    struct base_span span = base_calendar_at(&admission->memory->calendar,
                                             grant->terms->quota_period, admission->now_s);
    admission->term = (struct gw_quota_term){
        .limit = grant->terms->quota_limit,
        .period = grant->terms->quota_period,
        .start_s = span.start_s,
    };
    admission->term_end_s = span.end_s;
    admission->waiter.mail.on_mail = on_mail;
    admission->waiter.home = home;
    return verdict_of(admission, gw_quota_take(gw_meter_quota(grant->meter), &admission->term,
                                               now_ns, &admission->waiter));
}

enum gw_verdict gw_admission_resume(struct gw_admission *admission, bool is_wanted)
{
    if (is_wanted) {
        admission->now_s = unix_s(admission, base_clock_monotonic_ns());
        return verdict_of(admission, admission->waiter.outcome);
    }
    if (admission->waiter.outcome == GW_QUOTA_GRANTED) {
        gw_meter_put_back(admission->grant->meter, &admission->term);
    }
    return GW_NO_ANSWER;
}

void gw_admission_end(struct gw_admission *admission)
{
    *admission = (struct gw_admission){0};
}

/* ---- Answers ---- */

int gw_admission_status(enum gw_verdict verdict)
{
    return verdict == GW_FORBIDDEN ? 403 : verdict == GW_NO_ANSWER ? 503 : 429;
}

struct base_str gw_admission_body(enum gw_verdict verdict)
{
    switch (verdict) {
    case GW_FORBIDDEN:
        return BASE_STR("{\"message\":\"Forbidden\"}");
    case GW_THROTTLED:
        return BASE_STR("{\"message\":\"Too Many Requests\"}");
    case GW_USED_UP:
        return BASE_STR("{\"message\":\"Limit Exceeded\"}");
    case GW_ADMITTED:
    case GW_WAITING:
    case GW_NO_ANSWER:
    default:
        return BASE_STR("{\"code\":14,\"message\":\"the quota cannot be checked now\","
                        "\"details\":[]}");
    }
}

static struct base_str error_type(enum gw_verdict verdict)
{
    return verdict == GW_FORBIDDEN   ? BASE_STR("ForbiddenException")
           : verdict == GW_THROTTLED ? BASE_STR("TooManyRequestsException")
           : verdict == GW_USED_UP   ? BASE_STR("LimitExceededException")
                                     : BASE_STR("ServiceUnavailableException");
}

/* Both write before `end` and return where what they wrote begins: from the end on, a number need
 * not be measured first. Every answer under a quota has two numbers. */
static char *put_before(char *end, struct base_str text)
{
    return memcpy(end - text.len, text.data, text.len);
}

static char *put_number_before(char *end, uint64_t number)
{
    for (; number >= 100; number /= 100) {
        end = put_before(end, base_str_make(gw_digit_pairs + 2 * (number % 100), 2));
    }
    end = put_before(end, base_str_make(gw_digit_pairs + 2 * number, 2));
    return end + (number < 10);
}

/* What is left of the quota: "quota";r=57;t=39. */
static size_t quota_header(const struct gw_admission *admission, struct base_arena *arena,
                           struct gw_header *out)
{
    const struct gw_quota_term *term = &admission->term;
    char *value = gw_admission_has_quota(admission) ? base_arena_alloc(arena, VALUE_SIZE) : NULL;
    if (value == NULL) {
        return 0;
    }
    int64_t left = gw_quota_left(gw_meter_quota(admission->grant->meter), term);
    int64_t reset_s = admission->term_end_s - admission->now_s;
    char *end = value + VALUE_SIZE;
    char *at = put_number_before(end, reset_s > 0 ? (uint64_t)reset_s : 0);
    at = put_before(at, BASE_STR(";t="));
    at = put_number_before(at, (uint64_t)left);
    at = put_before(at, BASE_STR("\"quota\";r="));
    *out = (struct gw_header){BASE_STR("ratelimit"), base_str_make(at, (size_t)(end - at))};
    return 1;
}

static struct gw_header text_header(struct base_str name, char *value, int len)
{
    return (struct gw_header){name, base_str_make(value, (size_t)len)};
}

/* What the limit is that refused, that nothing is left of it, and when to come again. */
static size_t limit_headers(const struct gw_admission *admission, struct base_arena *arena,
                            struct gw_header *out)
{
    char *policy = base_arena_alloc(arena, VALUE_SIZE);
    char *state = base_arena_alloc(arena, VALUE_SIZE);
    if (policy == NULL || state == NULL) {
        return 0;
    }
    const char *name = admission->limit_name;
    int len = snprintf(policy, VALUE_SIZE, "\"%s\";q=%" PRId64 ";w=%" PRId64, name,
                       admission->limit_requests, admission->limit_window_s);
    out[0] = text_header(BASE_STR("ratelimit-policy"), policy, len);
    len = snprintf(state, VALUE_SIZE, "\"%s\";r=0", name);
    if (admission->retry_s > 0) {
        len += snprintf(state + len, VALUE_SIZE - (size_t)len, ";t=%" PRId64, admission->retry_s);
    }
    out[1] = text_header(BASE_STR("ratelimit"), state, len);
    return 2;
}

size_t gw_admission_headers(const struct gw_admission *admission, enum gw_verdict verdict,
                            struct base_arena *arena,
                            struct gw_header out[GW_ADMISSION_HEADERS_MAX])
{
    if (verdict == GW_ADMITTED || verdict == GW_WAITING) {
        return quota_header(admission, arena, out);
    }
    size_t count = 0;
    out[count++] = (struct gw_header){BASE_STR("x-amzn-errortype"), error_type(verdict)};
    if (admission->retry_s > 0) {
        char *value = base_arena_alloc(arena, VALUE_SIZE);
        if (value != NULL) {
            int len = snprintf(value, VALUE_SIZE, "%" PRId64, admission->retry_s);
            out[count++] = text_header(BASE_STR("retry-after"), value, len);
        }
    }
    if (admission->limit_name != NULL) {
        count += limit_headers(admission, arena, out + count);
    }
    return count;
}
