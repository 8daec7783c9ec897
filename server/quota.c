/* The limit of a term is the plan's and what its extension adds. The extension is read before each
 * reservation, not kept: it changes rarely, a read is cheap beside the write that follows, and so
 * every replica follows at once.
 *
 * Whether a term is past is asked after its counter: who forgets it writes that down first, so of
 * two at once either the counter is still the old one or the other is seen. */
#include "server/quota.h"

#include "server/quota_past.h"
#include "server/upsert.h"

#include <stdio.h>

/* "YYYY-MM-DDTHH:MM". */
#define START_LEN 16

static const struct srv_collection extensions = {
    .name = "quota_extension",
    .key_kind = SRV_KEY_TEXT,
    .type = &tollgate__quota_extension__descriptor,
};

/* "quota/PLAN/KEY/MONTH/2026-11-01T00:00"; an extension's key is what follows "quota/". */
struct name {
    char text[SRV_STORE_KEY_BYTES_MAX + 1];
};

/* "PLAN/KEY/MONTH". */
struct past_key {
    char text[SRV_STORE_KEY_BYTES_MAX + 1];
};

#define NAME_PREFIX "quota/"

_Static_assert(sizeof NAME_PREFIX + (size_t)2 * SRV_QUOTA_ID_BYTES_MAX + sizeof "//MINUTE/" +
                       START_LEN <=
                   SRV_STORE_KEY_BYTES_MAX,
               "the longest name is a key");

bool srv_quota_check_owner(struct srv_quota_owner owner, struct base_err *err)
{
    bool fits =
        owner.plan_id.len <= SRV_QUOTA_ID_BYTES_MAX && owner.key_id.len <= SRV_QUOTA_ID_BYTES_MAX;
    return fits ||
           base_err_set(err, BASE_INVALID_ARGUMENT,
                        "the id of a plan or key is longer than %d bytes", SRV_QUOTA_ID_BYTES_MAX);
}

static bool name_of(struct srv_quota_owner owner, const struct srv_quota_term *term,
                    struct name *out, struct base_err *err)
{
    char start[BASE_CLOCK_TEXT_SIZE];
    if (!srv_quota_check_owner(owner, err)) {
        return false;
    }
    base_clock_format_ms(term->start_s * BASE_NS_PER_S, start);
    snprintf(out->text, sizeof out->text, NAME_PREFIX "%.*s/%.*s/%s/%.*s",
             BASE_STR_ARGS(owner.plan_id), BASE_STR_ARGS(owner.key_id),
             base_period_unit_name(term->period.unit), START_LEN, start);
    return true;
}

static struct srv_key extension_key(const struct name *name)
{
    return srv_key_text(base_str_of(name->text + sizeof NAME_PREFIX - 1));
}

static struct past_key past_key_of(struct srv_quota_owner owner, const struct srv_quota_term *term)
{
    struct past_key key;
    snprintf(key.text, sizeof key.text, "%.*s/%.*s/%s", BASE_STR_ARGS(owner.plan_id),
             BASE_STR_ARGS(owner.key_id), base_period_unit_name(term->period.unit));
    return key;
}

static struct base_span span_of(const struct srv_quota_term *term)
{
    return (struct base_span){term->start_s, base_period_end(term->period, term->start_s)};
}

/* The term's limit for this owner. */
static bool read_limit(struct srv_store *store, struct rpc_context *ctx, const struct name *name,
                       int64_t plan_limit, int64_t *out_limit, struct base_err *err)
{
    ProtobufCMessage *message;
    int64_t extra = 0;
    if (srv_store_get(store, ctx, &extensions, extension_key(name), SRV_OPEN, &message, err)) {
        extra = ((const Tollgate__QuotaExtension *)message)->extra;
    } else if (err->code != BASE_NOT_FOUND) {
        return false;
    }
    int64_t limit;
    if (__builtin_add_overflow(plan_limit, extra, &limit)) {
        limit = INT64_MAX;
    }
    *out_limit = limit < 0 ? 0 : limit;
    return true;
}

bool srv_quota_term_at(const Tollgate__Quota *quota, int64_t at_s, struct srv_quota_term *out_term,
                       struct base_err *err)
{
    struct base_period period = {(enum base_period_unit)quota->period, quota->offset};
    if (quota->limit < 0 || !base_period_is_valid(period)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "the plan's quota is none");
    }
    *out_term = (struct srv_quota_term){quota->limit, period, base_period_start(period, at_s)};
    return true;
}

/* Gives back what was reserved in a term that is past. */
static bool keep_past(struct srv_store *store, struct rpc_context *ctx,
                      struct srv_quota_owner owner, const struct srv_quota_term *term,
                      const char *counter, int64_t *granted, int64_t *left, struct base_err *err)
{
    struct past_key key = past_key_of(owner, term);
    bool is_past;
    if (!srv_quota_past_holds(store, ctx, base_str_of(key.text), span_of(term), &is_past, err)) {
        return false;
    }
    if (is_past) {
        int64_t reserved = *granted;
        *granted = 0;
        *left = 0;
        return reserved == 0 || srv_store_release(store, ctx, counter, reserved, err);
    }
    return true;
}

bool srv_quota_reserve(struct srv_store *store, struct rpc_context *ctx,
                       struct srv_quota_owner owner, const struct srv_quota_term *term,
                       int64_t want, int64_t *out_granted, int64_t *out_left, struct base_err *err)
{
    struct name name;
    int64_t limit;
    int64_t granted;
    int64_t left;
    if (!name_of(owner, term, &name, err) ||
        !read_limit(store, ctx, &name, term->limit, &limit, err) ||
        !srv_store_reserve(store, ctx, name.text, want, limit, &granted, &left, err) ||
        !keep_past(store, ctx, owner, term, name.text, &granted, &left, err)) {
        return false;
    }
    *out_granted = granted;
    *out_left = left;
    return true;
}

bool srv_quota_release(struct srv_store *store, struct rpc_context *ctx,
                       struct srv_quota_owner owner, const struct srv_quota_term *term,
                       int64_t count, struct base_err *err)
{
    struct name name;
    return name_of(owner, term, &name, err) && srv_store_release(store, ctx, name.text, count, err);
}

/* ---- Extending ---- */

static bool remove_extension(struct srv_store *store, struct rpc_context *ctx, struct srv_key key,
                             struct base_err *err)
{
    return srv_store_remove(store, ctx, &extensions, key, err) || err->code == BASE_NOT_FOUND;
}

/* Removes the extensions whose keys begin so, save `kept`. */
static bool remove_extensions(struct srv_store *store, struct rpc_context *ctx,
                              struct base_str prefix, struct base_str kept, struct base_err *err)
{
    struct srv_key after = srv_key_text(prefix);
    struct srv_page page = {.has_more = true};
    while (page.has_more) {
        if (!srv_store_list(store, ctx, &extensions, &after, SRV_STORE_LIST_MAX, SRV_SEALED, &page,
                            err)) {
            return false;
        }
        for (size_t i = 0; i < page.count; i++) {
            after = page.documents[i].key;
            if (!base_str_starts_with(after.text, prefix)) {
                return true;
            }
            if (!base_str_eq(after.text, kept) && !remove_extension(store, ctx, after, err)) {
                return false;
            }
        }
    }
    return true;
}

bool srv_quota_remove_extensions(struct srv_store *store, struct rpc_context *ctx,
                                 struct srv_quota_owner owner, struct base_err *err)
{
    struct name prefix;
    if (!srv_quota_check_owner(owner, err)) {
        return false;
    }
    snprintf(prefix.text, sizeof prefix.text, "%.*s/%.*s%s", BASE_STR_ARGS(owner.plan_id),
             BASE_STR_ARGS(owner.key_id), owner.key_id.len > 0 ? "/" : "");
    return remove_extensions(store, ctx, base_str_of(prefix.text), (struct base_str){0}, err);
}

/* Removes what was set for terms before. */
static bool remove_others(struct srv_store *store, struct rpc_context *ctx,
                          struct srv_quota_owner owner, const struct name *name,
                          struct base_err *err)
{
    struct base_str kept = extension_key(name).text;
    size_t len = owner.plan_id.len + owner.key_id.len + 2; /* with their slashes */
    return remove_extensions(store, ctx, base_str_make(kept.data, len), kept, err);
}

struct set_extra {
    struct srv_mutation mutation;
    int64_t extra;
};

static bool apply_extra(const struct srv_mutation *self, struct rpc_context *ctx,
                        ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    (void)err;
    ((Tollgate__QuotaExtension *)message)->extra = ((const struct set_extra *)self)->extra;
    return true;
}

/* Below the highest limit there is, a counter's value is what it lacks of it. */
static bool read_counter(struct srv_store *store, struct rpc_context *ctx, const struct name *name,
                         int64_t *out_value, struct base_err *err)
{
    int64_t granted;
    int64_t left;
    if (!srv_store_reserve(store, ctx, name->text, 0, INT64_MAX, &granted, &left, err)) {
        return false;
    }
    *out_value = INT64_MAX - left;
    return true;
}

bool srv_quota_set_remaining(struct srv_store *store, struct rpc_context *ctx,
                             struct srv_quota_owner owner, const struct srv_quota_term *term,
                             int64_t remaining, struct base_err *err)
{
    struct name name;
    int64_t value;
    if (!name_of(owner, term, &name, err) || !read_counter(store, ctx, &name, &value, err)) {
        return false;
    }
    int64_t room = INT64_MAX - value;
    struct set_extra set = {
        .mutation = {apply_extra},
        .extra = value + (remaining < room ? remaining : room) - term->limit,
    };
    Tollgate__QuotaExtension first = TOLLGATE__QUOTA_EXTENSION__INIT;
    first.extra = set.extra;
    return srv_upsert(store, ctx, &extensions, extension_key(&name), &set.mutation, &first.base,
                      err) &&
           remove_others(store, ctx, owner, &name, err);
}

/* ---- Forgetting ---- */

bool srv_quota_forget(struct srv_store *store, struct rpc_context *ctx,
                      struct srv_quota_owner owner, const struct srv_quota_term *term,
                      struct base_err *err)
{
    struct name name;
    struct past_key past = past_key_of(owner, term);
    ProtobufCMessage *message;
    if (!name_of(owner, term, &name, err) ||
        !srv_quota_past_write(store, ctx, base_str_of(past.text), span_of(term), err)) {
        return false;
    }
    /* Few terms have one, and to look costs less than to write. */
    bool has_extension =
        srv_store_get(store, ctx, &extensions, extension_key(&name), SRV_SEALED, &message, err);
    if (has_extension ? !remove_extension(store, ctx, extension_key(&name), err)
                      : err->code != BASE_NOT_FOUND) {
        return false;
    }
    return srv_store_release(store, ctx, name.text, INT64_MAX, err);
}
