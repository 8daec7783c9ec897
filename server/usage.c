#include "server/usage.h"

#include "server/upsert.h"

#include <assert.h>
#include <stdio.h>

static const struct srv_collection usage = {
    .name = "usage",
    .key_kind = SRV_KEY_TEXT,
    .type = &tollgate__usage_day__descriptor,
};

/* "PLAN/KEY/2026-01-31". */
struct name {
    char text[SRV_STORE_KEY_BYTES_MAX + 1];
    struct base_str key;
};

_Static_assert((size_t)2 * SRV_QUOTA_ID_BYTES_MAX + sizeof "//" + BASE_CLOCK_DAY_SIZE <=
                   SRV_STORE_KEY_BYTES_MAX,
               "the longest name is a key");

static bool name_of(struct srv_quota_owner owner, int64_t day, struct name *out,
                    struct base_err *err)
{
    char date[BASE_CLOCK_DAY_SIZE];
    if (!srv_quota_check_owner(owner, err)) {
        return false;
    }
    base_clock_format_day(day, date);
    int len = snprintf(out->text, sizeof out->text, "%.*s/%.*s/%s", BASE_STR_ARGS(owner.plan_id),
                       BASE_STR_ARGS(owner.key_id), date);
    out->key = base_str_make(out->text, (size_t)len);
    return true;
}

struct addition {
    struct srv_mutation mutation;
    int64_t count;
};

static bool apply_addition(const struct srv_mutation *self, struct rpc_context *ctx,
                           ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    (void)err;
    ((Tollgate__UsageDay *)message)->used += ((const struct addition *)self)->count;
    return true;
}

bool srv_usage_add(struct srv_store *store, struct rpc_context *ctx, struct srv_quota_owner owner,
                   int64_t day, int64_t count, struct base_err *err)
{
    struct name name;
    struct addition addition = {.mutation = {apply_addition}, .count = count};
    Tollgate__UsageDay first = TOLLGATE__USAGE_DAY__INIT;
    first.used = count;
    return name_of(owner, day, &name, err) && srv_upsert(store, ctx, &usage, srv_key_text(name.key),
                                                         &addition.mutation, &first.base, err);
}

/* Where one report stands. */
struct reading {
    struct srv_store *store;
    struct rpc_context *ctx;
    struct srv_quota_owner owner;
    int64_t first; /* of the days in `used` */
    int64_t last;
    int64_t *used;
};

/* Takes a page's documents; a key past the last day ends the reading. `day` is the next to fill. */
static bool take_page(const struct reading *reading, const struct srv_page *page, int64_t *day,
                      struct base_err *err)
{
    struct name name;
    for (size_t i = 0; i < page->count; i++) {
        struct base_str key = page->documents[i].key.text;
        do {
            if (*day > reading->last) {
                return true;
            }
            if (!name_of(reading->owner, (*day)++, &name, err)) {
                return false;
            }
        } while (!base_str_eq(name.key, key));
        reading->used[*day - 1 - reading->first] =
            ((const Tollgate__UsageDay *)page->documents[i].message)->used;
    }
    return true;
}

/* Keys of one owner sort by day, so the documents wanted follow the day before the first. */
static bool read_used(const struct reading *reading, struct base_err *err)
{
    struct name name;
    struct srv_page page = {.has_more = true};
    int64_t day = reading->first;
    if (!name_of(reading->owner, reading->first - 1, &name, err)) {
        return false;
    }
    struct srv_key after = srv_key_text(name.key);
    size_t days = (size_t)(reading->last - reading->first + 1);
    while (page.has_more && day <= reading->last) {
        if (!srv_store_list(reading->store, reading->ctx, &usage, &after, days, SRV_OPEN, &page,
                            err) ||
            !take_page(reading, &page, &day, err)) {
            return false;
        }
        if (page.count > 0) {
            after = page.documents[page.count - 1].key;
        }
    }
    return true;
}

/* The day that the period of `day` begins on; `day` itself for periods within one. */
static int64_t period_first_day(const struct srv_quota_term *term, int64_t day)
{
    return term->period.unit < BASE_PERIOD_DAY
               ? day
               : base_period_start(term->period, day * BASE_SECONDS_PER_DAY) / BASE_SECONDS_PER_DAY;
}

/* What was used from the period's start to the end of `day`. */
static int64_t used_until(const struct reading *reading, const struct srv_quota_term *term,
                          int64_t day)
{
    int64_t sum = 0;
    for (int64_t d = period_first_day(term, day); d <= day; d++) {
        sum += reading->used[d - reading->first];
    }
    return sum;
}

static bool read_remaining(const struct reading *reading, const struct srv_quota_term *term,
                           int64_t today, int64_t day, int64_t *out_remaining, struct base_err *err)
{
    int64_t granted;
    if (day == today) {
        return srv_quota_reserve(reading->store, reading->ctx, reading->owner, term, 0, &granted,
                                 out_remaining, err);
    }
    int64_t used =
        term->period.unit < BASE_PERIOD_DAY || day > today ? 0 : used_until(reading, term, day);
    *out_remaining = used < term->limit ? term->limit - used : 0;
    return true;
}

bool srv_usage_read(struct srv_store *store, struct rpc_context *ctx, struct srv_quota_owner owner,
                    const Tollgate__Quota *quota, int64_t now_s, int64_t first, int64_t last,
                    struct srv_usage_day *out_days, struct base_err *err)
{
    struct srv_quota_term term;
    assert(first <= last && last - first < SRV_USAGE_DAYS_MAX);
    if (quota != NULL && !srv_quota_term_at(quota, now_s, &term, err)) {
        return false;
    }
    struct reading reading = {.store = store, .ctx = ctx, .owner = owner, .last = last};
    reading.first = quota == NULL ? first : period_first_day(&term, first);
    size_t days = (size_t)(last - reading.first + 1);
    reading.used = rpc_context_alloc(ctx, days * sizeof *reading.used, err);
    if (reading.used == NULL || !read_used(&reading, err)) {
        return false;
    }
    for (int64_t day = first; day <= last; day++) {
        struct srv_usage_day *out = &out_days[day - first];
        *out = (struct srv_usage_day){.used = reading.used[day - reading.first]};
        if (quota != NULL && !read_remaining(&reading, &term, now_s / BASE_SECONDS_PER_DAY, day,
                                             &out->remaining, err)) {
            return false;
        }
    }
    return true;
}
