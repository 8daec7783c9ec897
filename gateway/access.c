/* A hash table with open addressing, at most half full, in one array: the first eight bytes of a
 * key's HMAC say where it stands, since nobody who lacks the hash key can choose them. Everything
 * lives in one arena. */
#include "gateway/access.h"

#include "base/arena.h"
#include "base/mem.h"
#include "rpc/metadata.h"

#include <stdlib.h>

struct entry {
    uint8_t hash[BASE_DIGEST_BYTES];
    const struct gw_grant *const *grants; /* by stage; NULL in a free entry */
};

/* A plan while keys are put into it. */
struct plan {
    const char *id;
    const struct gw_grant_terms *terms[GW_STAGES_MAX]; /* NULL where it does not hold */
    const char *const *bucket_names[GW_STAGES_MAX];    /* of the terms' methods */
};

struct gw_access {
    atomic_uint refs;
    struct base_hmac *hmac;
    struct base_arena arena;
    struct entry *entries;
    size_t mask;
    struct gw_meter **meters; /* a reference each */
    size_t meter_count;
};

/* What a snapshot is made with. */
struct making {
    const struct gw_access_config *config;
    struct gw_access *access;
    struct plan *plans; /* as many as the configuration's */
    struct base_arena scratch;
    bool is_full;
};

/* Out of the snapshot's cap everything is refused at the end; until then, what is missing is. */
static void *take(struct making *making, struct base_arena *arena, size_t size)
{
    void *memory = base_arena_calloc(arena, size);
    making->is_full |= memory == NULL;
    return memory;
}

static struct base_str copy_text(struct making *making, struct base_str text)
{
    struct base_str copy = {0};
    making->is_full |= !base_arena_copy(&making->access->arena, text, &copy);
    return copy;
}

/* ---- Plans ---- */

static struct gw_token_limit limit_of(const Tollgate__Throttle *throttle)
{
    return throttle == NULL ? (struct gw_token_limit){0}
                            : gw_token_limit_of(throttle->rate_limit, throttle->burst_limit);
}

/* "/notes/GET" is GET on "/notes", "//GET" on "/". False where it is neither. */
static bool read_method(const Tollgate__ApiStage__ThrottleEntry *entry, struct gw_method_limit *out)
{
    const char *slash = strrchr(entry->key, '/');
    if (slash == NULL || slash == entry->key || entry->value == NULL) {
        return false;
    }
    *out = (struct gw_method_limit){
        .path_template = base_str_make(entry->key, (size_t)(slash - entry->key)),
        .http_method = base_str_of(slash + 1),
        .limit = limit_of(entry->value),
    };
    return true;
}

/* The bucket of a method is the stage's: "prod/notes/GET". */
static const char *bucket_name(struct making *making, const char *stage, const char *method)
{
    size_t stage_len = strlen(stage);
    size_t method_size = strlen(method) + 1;
    char *name = take(making, &making->scratch, stage_len + method_size);
    if (name != NULL) {
        memcpy(name, stage, stage_len);
        memcpy(name + stage_len, method, method_size);
    }
    return name;
}

static void read_methods(struct making *making, const Tollgate__ApiStage *stage,
                         struct gw_grant_terms *terms, const char *const **out_names)
{
    struct gw_method_limit *methods =
        take(making, &making->access->arena, stage->n_throttle * sizeof *methods);
    const char **names = take(making, &making->scratch, stage->n_throttle * sizeof *names);
    for (size_t i = 0; i < stage->n_throttle && !making->is_full; i++) {
        struct gw_method_limit *method = &methods[terms->method_count];
        if (read_method(stage->throttle[i], method)) {
            method->path_template = copy_text(making, method->path_template);
            method->http_method = copy_text(making, method->http_method);
            names[terms->method_count++] =
                bucket_name(making, stage->stage, stage->throttle[i]->key);
        }
    }
    terms->methods = methods;
    *out_names = names;
}

static void read_quota(const Tollgate__Quota *quota, struct gw_grant_terms *terms)
{
    if (quota == NULL) {
        return;
    }
    terms->quota_period = (struct base_period){(enum base_period_unit)quota->period, quota->offset};
    terms->has_quota = quota->limit >= 0 && base_period_is_valid(terms->quota_period);
    terms->quota_limit = quota->limit;
}

static void read_stage(struct making *making, const Tollgate__UsagePlan *source,
                       const Tollgate__ApiStage *stage, struct plan *plan)
{
    const struct gw_stages *stages = making->config->stages;
    for (size_t i = 0; i < stages->count; i++) {
        if (!base_str_eq(stages->stages[i].name, base_str_of(stage->stage))) {
            continue;
        }
        struct gw_grant_terms *terms = take(making, &making->access->arena, sizeof *terms);
        if (terms != NULL) {
            terms->limit = limit_of(source->throttle);
            read_quota(source->quota, terms);
            read_methods(making, stage, terms, &plan->bucket_names[i]);
            plan->terms[i] = terms;
        }
    }
}

static int compare_plans(const void *a, const void *b)
{
    return strcmp(((const struct plan *)a)->id, ((const struct plan *)b)->id);
}

static void read_plans(struct making *making)
{
    const struct gw_access_config *config = making->config;
    making->plans = take(making, &making->scratch, config->plan_count * sizeof *making->plans);
    for (size_t i = 0; i < config->plan_count && !making->is_full; i++) {
        const Tollgate__UsagePlan *source = config->plans[i];
        making->plans[i].id = source->id;
        for (size_t s = 0; s < source->n_api_stages; s++) {
            read_stage(making, source, source->api_stages[s], &making->plans[i]);
        }
    }
    if (!making->is_full) {
        qsort(making->plans, config->plan_count, sizeof *making->plans, compare_plans);
    }
}

static const struct plan *find_plan(const struct making *making, const char *id)
{
    struct plan wanted = {.id = id};
    return bsearch(&wanted, making->plans, making->config->plan_count, sizeof wanted,
                   compare_plans);
}

/* ---- Keys ---- */

static struct gw_meter *get_meter(struct making *making, const char *plan_id, const char *key_id)
{
    struct gw_access *access = making->access;
    struct gw_meter *meter = gw_meters_get(making->config->meters, plan_id, key_id);
    access->meters[access->meter_count++] = meter;
    return meter;
}

static const struct gw_grant *make_grant(struct making *making, const struct plan *plan,
                                         size_t stage, struct base_str key_id,
                                         struct gw_meter *meter)
{
    const struct gw_grant_terms *terms = plan->terms[stage];
    struct gw_grant *grant = take(making, &making->access->arena, sizeof *grant);
    struct gw_token_bucket **methods =
        take(making, &making->access->arena, terms->method_count * sizeof *methods);
    if (making->is_full) {
        return NULL;
    }
    for (size_t i = 0; i < terms->method_count; i++) {
        methods[i] = gw_meter_bucket(meter, plan->bucket_names[stage][i]);
    }
    *grant = (struct gw_grant){
        .key_id = key_id,
        .terms = terms,
        .meter = meter,
        .bucket = gw_meter_bucket(meter, ""),
        .methods = methods,
    };
    return grant;
}

/* A key is in one plan of a stage; where it stands in two, the first holds. */
static void put_into_plan(struct making *making, const Tollgate__ApiKey *key,
                          const struct plan *plan, struct base_str key_id,
                          const struct gw_grant **grants)
{
    struct gw_meter *meter = get_meter(making, plan->id, key->id);
    for (size_t i = 0; i < making->config->stages->count; i++) {
        if (plan->terms[i] != NULL && grants[i] == NULL) {
            grants[i] = make_grant(making, plan, i, key_id, meter);
        }
    }
}

static void put_entry(struct gw_access *access, const uint8_t hash[BASE_DIGEST_BYTES],
                      const struct gw_grant *const *grants)
{
    uint64_t at;
    memcpy(&at, hash, sizeof at);
    while (access->entries[at & access->mask].grants != NULL) {
        at++;
    }
    struct entry *entry = &access->entries[at & access->mask];
    memcpy(entry->hash, hash, BASE_DIGEST_BYTES);
    entry->grants = grants;
}

static void read_key(struct making *making, const Tollgate__ApiKey *key)
{
    if (!key->enabled || key->value_hash.len != BASE_DIGEST_BYTES ||
        !rpc_metadata_is_text(base_str_of(key->id))) {
        return;
    }
    const struct gw_grant **grants =
        take(making, &making->access->arena, making->config->stages->count * sizeof *grants);
    struct base_str key_id = copy_text(making, base_str_of(key->id));
    for (size_t i = 0; i < key->n_usage_plan_ids && !making->is_full; i++) {
        const struct plan *plan = find_plan(making, key->usage_plan_ids[i]);
        if (plan != NULL) {
            put_into_plan(making, key, plan, key_id, grants);
        }
    }
    if (!making->is_full) {
        put_entry(making->access, key->value_hash.data, grants);
    }
}

static void read_keys(struct making *making)
{
    const struct gw_access_config *config = making->config;
    struct gw_access *access = making->access;
    size_t capacity = 2;
    size_t memberships = 0;
    for (size_t i = 0; i < config->key_count; i++) {
        memberships += config->keys[i]->n_usage_plan_ids;
    }
    while (capacity < 2 * config->key_count) {
        capacity *= 2;
    }
    access->mask = capacity - 1;
    access->entries = take(making, &access->arena, capacity * sizeof *access->entries);
    access->meters = take(making, &access->arena, memberships * sizeof(struct gw_meter *));
    for (size_t i = 0; i < config->key_count && !making->is_full; i++) {
        read_key(making, config->keys[i]);
    }
}

/* ---- Public functions ---- */

struct gw_access *gw_access_create(const struct gw_access_config *config, struct base_err *err)
{
    struct gw_access *access = base_calloc(1, sizeof *access);
    struct making making = {.config = config, .access = access};
    atomic_init(&access->refs, 1);
    access->hmac =
        base_hmac_create(base_str_make((const char *)config->hash_key, BASE_DIGEST_BYTES));
    base_arena_init(&access->arena, GW_ACCESS_BYTES_MAX);
    base_arena_init(&making.scratch, GW_ACCESS_BYTES_MAX);
    read_plans(&making);
    if (!making.is_full) {
        read_keys(&making);
    }
    base_arena_dispose(&making.scratch);
    if (making.is_full) {
        gw_access_unref(access);
        base_err_set(err, BASE_RESOURCE_EXHAUSTED, "keys and plans take more than %zu bytes",
                     GW_ACCESS_BYTES_MAX);
        return NULL;
    }
    return access;
}

struct gw_access *gw_access_ref(struct gw_access *access)
{
    atomic_fetch_add_explicit(&access->refs, 1, memory_order_relaxed);
    return access;
}

void gw_access_unref(struct gw_access *access)
{
    /* What other threads did with it comes before its end. */
    if (access == NULL || atomic_fetch_sub_explicit(&access->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    for (size_t i = 0; i < access->meter_count; i++) {
        gw_meter_unref(access->meters[i]);
    }
    base_hmac_destroy(access->hmac);
    base_arena_dispose(&access->arena);
    base_free(access);
}

const struct gw_grant *gw_access_find(const struct gw_access *access, struct base_str value,
                                      size_t stage)
{
    uint8_t hash[BASE_DIGEST_BYTES];
    uint64_t at;
    if (value.len == 0 || value.len > GW_ACCESS_VALUE_BYTES_MAX || !rpc_metadata_is_text(value)) {
        return NULL;
    }
    base_hmac_sign(access->hmac, value, hash);
    memcpy(&at, hash, sizeof at);
    for (const struct entry *entry; (entry = &access->entries[at & access->mask])->grants != NULL;
         at++) {
        if (base_secret_eq(entry->hash, hash, sizeof hash)) {
            return entry->grants[stage];
        }
    }
    return NULL;
}
