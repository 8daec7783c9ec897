#include "base/decimal.h"
#include "server/admin_private.h"
#include "server/patch.h"
#include "server/usage.h"

#include "google/protobuf/struct.pb-c.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* "2026-01-31" */
#define DATE_BYTES 10

/* Days of a report, from 1970-01-01. */
struct span {
    int64_t first;
    int64_t last;
};

/* ---- Dates ---- */

static bool read_date(const char *name, const char *text, int64_t *out_day, struct base_err *err)
{
    struct tm tm = {0};
    bool is_date = strlen(text) == DATE_BYTES && text[4] == '-' && text[7] == '-' &&
                   base_decimal_read_digits(base_str_make(text, 4), &tm.tm_year) &&
                   base_decimal_read_digits(base_str_make(text + 5, 2), &tm.tm_mon) &&
                   base_decimal_read_digits(base_str_make(text + 8, 2), &tm.tm_mday);
    const struct tm given = {
        .tm_year = tm.tm_year - 1900, .tm_mon = tm.tm_mon - 1, .tm_mday = tm.tm_mday};
    tm = given;
    time_t at = timegm(&tm);
    /* timegm(3) turns the 31st of a month that has 30 days into the first of the next. */
    if (!is_date || given.tm_year < 70 || tm.tm_mon != given.tm_mon) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "%s: expected a date like 2026-01-31",
                            name);
    }
    *out_day = at / BASE_SECONDS_PER_DAY;
    return true;
}

static bool read_span(const Tollgate__Admin__GetUsageRequest *request, struct span *out,
                      struct base_err *err)
{
    if (!read_date("startDate", request->start_date, &out->first, err) ||
        !read_date("endDate", request->end_date, &out->last, err)) {
        return false;
    }
    if (out->first > out->last || out->last - out->first >= SRV_USAGE_DAYS_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "endDate: from startDate on there may be 1 to %d days",
                            SRV_USAGE_DAYS_MAX);
    }
    return true;
}

static int64_t now_s(const struct srv_admin *admin)
{
    return admin->access->clock->unix_ns(admin->access->clock) / BASE_NS_PER_S;
}

/* ---- Showing ---- */

/* A day as JSON has it: [used, remaining], in numbers. */
struct day_value {
    Google__Protobuf__Value value;
    Google__Protobuf__ListValue pair;
    Google__Protobuf__Value numbers[2];
    Google__Protobuf__Value *number_list[2];
};

static void show_day(const struct srv_usage_day *day, struct day_value *out)
{
    const int64_t numbers[2] = {day->used, day->remaining};
    for (size_t i = 0; i < 2; i++) {
        google__protobuf__value__init(&out->numbers[i]);
        out->numbers[i].kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE;
        out->numbers[i].number_value = (double)numbers[i];
        out->number_list[i] = &out->numbers[i];
    }
    google__protobuf__list_value__init(&out->pair);
    out->pair.values = out->number_list;
    out->pair.n_values = 2;
    google__protobuf__value__init(&out->value);
    out->value.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE;
    out->value.list_value = &out->pair;
}

/* Makes the entry of one key: its id and its days. */
static bool show_key(struct rpc_context *ctx, char *key_id, const struct srv_usage_day *days,
                     size_t count, Tollgate__Admin__Usage__ValuesEntry *out, struct base_err *err)
{
    struct day_value *room = rpc_context_alloc(ctx, count * sizeof *room, err);
    Google__Protobuf__ListValue *list = rpc_context_alloc(ctx, sizeof *list, err);
    Google__Protobuf__Value **values = rpc_context_alloc(ctx, count * sizeof *values, err);
    if (room == NULL || list == NULL || values == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        show_day(&days[i], &room[i]);
        values[i] = &room[i].value;
    }
    google__protobuf__list_value__init(list);
    list->values = values;
    list->n_values = count;
    tollgate__admin__usage__values_entry__init(out);
    out->key = key_id;
    out->value = list;
    return true;
}

static bool read_key(struct srv_admin *admin, struct rpc_context *ctx,
                     const Tollgate__UsagePlan *plan, char *key_id, const struct span *span,
                     Tollgate__Admin__Usage__ValuesEntry *out, struct base_err *err)
{
    const struct srv_quota_owner owner = {base_str_of(plan->id), base_str_of(key_id)};
    size_t count = (size_t)(span->last - span->first + 1);
    struct srv_usage_day *days = rpc_context_alloc(ctx, count * sizeof *days, err);
    return days != NULL &&
           srv_usage_read(admin->access->store, ctx, owner, plan->quota, now_s(admin), span->first,
                          span->last, days, err) &&
           show_key(ctx, key_id, days, count, out, err);
}

/* Makes room for the entries of `count` keys. */
static Tollgate__Admin__Usage__ValuesEntry *make_entries(struct rpc_context *ctx, size_t count,
                                                         Tollgate__Admin__Usage *response,
                                                         struct base_err *err)
{
    Tollgate__Admin__Usage__ValuesEntry *room = rpc_context_alloc(ctx, count * sizeof *room, err);
    response->values = rpc_context_alloc(ctx, count * sizeof *response->values, err);
    if (room == NULL || response->values == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        response->values[i] = &room[i];
    }
    response->n_values = count;
    return room;
}

/* ---- Reading ---- */

static bool read_one(struct srv_admin *admin, struct rpc_context *ctx,
                     const Tollgate__UsagePlan *plan, char *key_id, const struct span *span,
                     Tollgate__Admin__Usage *response, struct base_err *err)
{
    Tollgate__ApiKey *key;
    Tollgate__Admin__Usage__ValuesEntry *entry = make_entries(ctx, 1, response, err);
    return entry != NULL && srv_access_get_key(admin->access, ctx, key_id, &key, err) &&
           read_key(admin, ctx, plan, key_id, span, entry, err);
}

static bool read_page(struct srv_admin *admin, struct rpc_context *ctx,
                      const Tollgate__UsagePlan *plan,
                      const Tollgate__Admin__GetUsageRequest *request, const struct span *span,
                      Tollgate__Admin__Usage *response, struct base_err *err)
{
    struct srv_admin_plan_scan wanted = srv_admin_plan_scan(plan->id, "");
    struct srv_key after;
    struct srv_page page;
    if (!srv_admin_read_list(ctx, request->limit, request->position, &wanted.scan, &after, err)) {
        return false;
    }
    size_t keys_max = SRV_ADMIN_USAGE_DAYS_MAX / (size_t)(span->last - span->first + 1);
    wanted.scan.limit = wanted.scan.limit < keys_max ? wanted.scan.limit : keys_max;
    if (!srv_scan_run(&wanted.scan, admin->access->store, ctx, &page, err)) {
        return false;
    }
    Tollgate__Admin__Usage__ValuesEntry *entries = make_entries(ctx, page.count, response, err);
    bool ok = entries != NULL;
    for (size_t i = 0; ok && i < page.count; i++) {
        char *key_id = ((Tollgate__ApiKey *)page.documents[i].message)->id;
        ok = read_key(admin, ctx, plan, key_id, span, &entries[i], err);
    }
    return ok && srv_admin_position(ctx, &page, &response->position, err);
}

bool srv_admin_get_usage(void *self, struct rpc_context *ctx,
                         const Tollgate__Admin__GetUsageRequest *request,
                         Tollgate__Admin__Usage *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    struct span span;
    Tollgate__UsagePlan *plan;
    if (!read_span(request, &span, err) ||
        !srv_access_get_plan(admin->access, ctx, request->usage_plan_id, &plan, err)) {
        return false;
    }
    response->usage_plan_id = plan->id;
    response->start_date = request->start_date;
    response->end_date = request->end_date;
    return request->key_id[0] != '\0'
               ? read_one(admin, ctx, plan, request->key_id, &span, response, err)
               : read_page(admin, ctx, plan, request, &span, response, err);
}

/* ---- Changing ---- */

/* The last operation counts, as it would if each were applied. */
static bool read_remaining(const Tollgate__Admin__UpdateUsageRequest *request,
                           int32_t *out_remaining, struct base_err *err)
{
    const struct srv_patch patch = {request->patch_operations, request->n_patch_operations};
    if (!srv_patch_check(&patch, err)) {
        return false;
    }
    for (size_t i = 0; i < patch.count; i++) {
        const Tollgate__Admin__PatchOperation *operation = patch.operations[i];
        if (strcmp(operation->op, "replace") != 0 || strcmp(operation->path, "/remaining") != 0) {
            return srv_patch_refuse(operation, err);
        }
        if (!srv_patch_whole(operation, 0, out_remaining, err)) {
            return false;
        }
    }
    return true;
}

static bool set_remaining(struct srv_admin *admin, struct rpc_context *ctx,
                          const Tollgate__UsagePlan *plan, const char *key_id, int32_t remaining,
                          struct base_err *err)
{
    if (plan->quota == NULL) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "usage plan %s has no quota, of which something could remain",
                            plan->id);
    }
    const struct srv_quota_owner owner = {base_str_of(plan->id), base_str_of(key_id)};
    struct srv_quota_term term;
    return srv_quota_term_at(plan->quota, now_s(admin), &term, err) &&
           srv_quota_set_remaining(admin->access->store, ctx, owner, &term, remaining, err);
}

static bool format_today(const struct srv_admin *admin, struct rpc_context *ctx, char **out_date,
                         struct base_err *err)
{
    char text[BASE_CLOCK_TEXT_SIZE];
    base_clock_format_ms(admin->access->clock->unix_ns(admin->access->clock), text);
    *out_date = rpc_context_strdup(ctx, base_str_make(text, DATE_BYTES), err);
    return *out_date != NULL;
}

void srv_admin_forget_quota(struct srv_admin *admin, struct rpc_context *ctx, const char *plan_id,
                            const char *key_id)
{
    const struct srv_quota_owner owner = {base_str_of(plan_id), base_str_of(key_id)};
    struct base_err ignored;
    bool done = srv_quota_remove_extensions(admin->access->store, ctx, owner, &ignored);
    (void)done;
}

bool srv_admin_update_usage(void *self, struct rpc_context *ctx,
                            const Tollgate__Admin__UpdateUsageRequest *request,
                            Tollgate__Admin__Usage *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    Tollgate__UsagePlan *plan;
    Tollgate__ApiKey *key;
    int32_t remaining = 0;
    if (!read_remaining(request, &remaining, err) ||
        !srv_access_get_plan(admin->access, ctx, request->usage_plan_id, &plan, err) ||
        !srv_access_get_key(admin->access, ctx, request->key_id, &key, err)) {
        return false;
    }
    if (!srv_access_key_has_plan(key, plan->id)) {
        return base_err_set(err, BASE_NOT_FOUND, "API key %s is not in usage plan %s", key->id,
                            plan->id);
    }
    int64_t today = now_s(admin) / BASE_SECONDS_PER_DAY;
    const struct span span = {today, today};
    response->usage_plan_id = plan->id;
    return set_remaining(admin, ctx, plan, key->id, remaining, err) &&
           format_today(admin, ctx, &response->start_date, err) &&
           format_today(admin, ctx, &response->end_date, err) &&
           read_one(admin, ctx, plan, key->id, &span, response, err);
}
