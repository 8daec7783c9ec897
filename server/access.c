/* Keys and plans are alike to the store; what differs between them is a `kind`. An id comes from
 * outside and may be anything, so one that is longer than a key of the store is simply not found.
 */
#include "server/access.h"

#include "server/access_seed.h"
#include "server/access_state.h"
#include "server/validation.h"

#include <assert.h>
#include <stdio.h>

const struct srv_collection srv_access_keys = {
    .name = "api_keys",
    .key_kind = SRV_KEY_TEXT,
    .type = &tollgate__api_key__descriptor,
};

const struct srv_collection srv_access_plans = {
    .name = "usage_plans",
    .key_kind = SRV_KEY_TEXT,
    .type = &tollgate__usage_plan__descriptor,
};

struct kind {
    const struct srv_collection *collection;
    const char *change; /* "key": how its changes are announced */
    const char *noun;
};

static const struct kind keys = {&srv_access_keys, "key", "API key"};
static const struct kind plans = {&srv_access_plans, "plan", "usage plan"};

static struct srv_key store_key(const char *id)
{
    return srv_key_text(base_str_of(id));
}

static bool not_found(const struct kind *kind, const char *id, struct base_err *err)
{
    struct base_str quote = srv_validation_quote(id);
    return base_err_set(err, BASE_NOT_FOUND, "there is no %s with the id \"%.*s\"", kind->noun,
                        BASE_STR_ARGS(quote));
}

/* An id that no document can have is told like one that none has. */
static bool check_id(const struct kind *kind, const char *id, struct base_err *err)
{
    size_t len = strlen(id);
    return (len > 0 && len <= SRV_STORE_KEY_BYTES_MAX) || not_found(kind, id, err);
}

/* Says which document was not there, where that is what went wrong. */
static bool fail_on(const struct kind *kind, const char *id, struct base_err *err)
{
    return err->code == BASE_NOT_FOUND ? not_found(kind, id, err) : false;
}

static bool announce(struct srv_access *access, struct rpc_context *ctx, const struct kind *kind,
                     const char *id, struct base_err *err)
{
    char change[8 + SRV_STORE_KEY_BYTES_MAX];
    snprintf(change, sizeof change, "%s:%s", kind->change, id);
    char *copy = rpc_context_strdup(ctx, base_str_of(change), err);
    return copy != NULL && srv_access_state_announce(access->store, ctx, copy, err);
}

static bool get(struct srv_access *access, struct rpc_context *ctx, const struct kind *kind,
                const char *id, ProtobufCMessage **out_message, struct base_err *err)
{
    return check_id(kind, id, err) && (srv_store_get(access->store, ctx, kind->collection,
                                                     store_key(id), SRV_OPEN, out_message, err) ||
                                       fail_on(kind, id, err));
}

/* A caller's mutation, which may itself fail with NOT_FOUND: was_found tells whose it is. */
struct tracked_mutation {
    struct srv_mutation mutation;
    const struct srv_mutation *inner;
    Google__Protobuf__Timestamp *date; /* that a key gets; NULL for a plan */
    bool *was_found;
};

static bool apply_tracked(const struct srv_mutation *self, struct rpc_context *ctx,
                          ProtobufCMessage *message, struct base_err *err)
{
    const struct tracked_mutation *tracked = (const struct tracked_mutation *)self;
    *tracked->was_found = true;
    if (tracked->date != NULL) {
        ((Tollgate__ApiKey *)message)->last_updated_date = tracked->date;
    }
    return tracked->inner->apply(tracked->inner, ctx, message, err);
}

static bool update(struct srv_access *access, struct rpc_context *ctx, const struct kind *kind,
                   const char *id, const struct srv_mutation *mutation,
                   Google__Protobuf__Timestamp *date, ProtobufCMessage **out_message,
                   struct base_err *err)
{
    bool was_found = false;
    const struct tracked_mutation tracked = {{apply_tracked}, mutation, date, &was_found};
    return check_id(kind, id, err) &&
           (srv_store_update(access->store, ctx, kind->collection, store_key(id), &tracked.mutation,
                             out_message, err) ||
            (!was_found && fail_on(kind, id, err))) &&
           announce(access, ctx, kind, id, err);
}

static bool erase(struct srv_access *access, struct rpc_context *ctx, const struct kind *kind,
                  const char *id, struct base_err *err)
{
    return check_id(kind, id, err) &&
           (srv_store_remove(access->store, ctx, kind->collection, store_key(id), err) ||
            fail_on(kind, id, err)) &&
           announce(access, ctx, kind, id, err);
}

/* ---- Keys ---- */

static Google__Protobuf__Timestamp *make_date(const struct srv_access *access,
                                              struct rpc_context *ctx, struct base_err *err)
{
    Google__Protobuf__Timestamp *date = rpc_context_alloc(ctx, sizeof *date, err);
    if (date != NULL) {
        google__protobuf__timestamp__init(date);
        date->seconds = access->clock->unix_ns(access->clock) / BASE_NS_PER_S;
    }
    return date;
}

/* Seals the value for the key's id, so that it cannot be moved to another key. */
static bool seal_value(struct srv_access *access, struct rpc_context *ctx, struct base_str value,
                       Tollgate__ApiKey *key, struct base_err *err)
{
    key->sealed_value.len = value.len + BASE_SEAL_EXTRA_BYTES;
    key->sealed_value.data = rpc_context_alloc(ctx, key->sealed_value.len, err);
    if (key->sealed_value.data == NULL) {
        return false;
    }
    base_seal(access->ring.seal_key, base_str_of(key->id), value, access->random,
              key->sealed_value.data);
    return true;
}

/* Gives the key what follows from its value. */
static bool identify(struct srv_access *access, struct rpc_context *ctx, struct base_str value,
                     Tollgate__ApiKey *key, struct base_err *err)
{
    key->id = rpc_context_alloc(ctx, SRV_KEY_ID_BYTES + 1, err);
    key->value_hash.data = rpc_context_alloc(ctx, BASE_DIGEST_BYTES, err);
    key->created_date = make_date(access, ctx, err);
    if (key->id == NULL || key->value_hash.data == NULL || key->created_date == NULL) {
        return false;
    }
    key->value_hash.len = BASE_DIGEST_BYTES;
    key->last_updated_date = key->created_date;
    srv_key_value_hash(&access->ring, value, key->value_hash.data);
    srv_key_value_id(key->value_hash.data, key->id);
    return !access->keeps_values || seal_value(access, ctx, value, key, err);
}

bool srv_access_add_key(struct srv_access *access, struct rpc_context *ctx, struct base_str value,
                        Tollgate__ApiKey *key, struct base_err *err)
{
    if (!identify(access, ctx, value, key, err)) {
        return false;
    }
    if (!srv_store_insert(access->store, ctx, &srv_access_keys, store_key(key->id), &key->base,
                          err)) {
        return err->code == BASE_ALREADY_EXISTS
                   ? base_err_set(err, BASE_ALREADY_EXISTS,
                                  "there is an API key with this value already, its id is %s",
                                  key->id)
                   : false;
    }
    return announce(access, ctx, &keys, key->id, err);
}

bool srv_access_get_key(struct srv_access *access, struct rpc_context *ctx, const char *id,
                        Tollgate__ApiKey **out_key, struct base_err *err)
{
    ProtobufCMessage *message;
    if (!get(access, ctx, &keys, id, &message, err)) {
        return false;
    }
    *out_key = (Tollgate__ApiKey *)message;
    return true;
}

bool srv_access_update_key(struct srv_access *access, struct rpc_context *ctx, const char *id,
                           const struct srv_mutation *mutation, Tollgate__ApiKey **out_key,
                           struct base_err *err)
{
    Google__Protobuf__Timestamp *date = make_date(access, ctx, err);
    ProtobufCMessage *message;
    if (date == NULL || !update(access, ctx, &keys, id, mutation, date, &message, err)) {
        return false;
    }
    *out_key = (Tollgate__ApiKey *)message;
    return true;
}

bool srv_access_remove_key(struct srv_access *access, struct rpc_context *ctx, const char *id,
                           struct base_err *err)
{
    return erase(access, ctx, &keys, id, err);
}

bool srv_access_reveal(struct srv_access *access, struct rpc_context *ctx,
                       const Tollgate__ApiKey *key, char **out_value, struct base_err *err)
{
    struct base_str sealed = {(const char *)key->sealed_value.data, key->sealed_value.len};
    *out_value = NULL;
    if (!access->keeps_values || sealed.len <= BASE_SEAL_EXTRA_BYTES) {
        return true;
    }
    char *value = rpc_context_alloc(ctx, sealed.len - BASE_SEAL_EXTRA_BYTES + 1, err);
    if (value == NULL) {
        return false;
    }
    if (base_unseal(access->ring.seal_key, base_str_of(key->id), sealed, value)) {
        *out_value = value;
    }
    return true;
}

bool srv_access_key_has_plan(const Tollgate__ApiKey *key, const char *plan_id)
{
    for (size_t i = 0; i < key->n_usage_plan_ids; i++) {
        if (strcmp(key->usage_plan_ids[i], plan_id) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- Plans ---- */

bool srv_access_add_plan(struct srv_access *access, struct rpc_context *ctx,
                         Tollgate__UsagePlan *plan, struct base_err *err)
{
    uint8_t random[BASE_DIGEST_BYTES];
    access->random->fill(access->random, random, sizeof random);
    plan->id = rpc_context_alloc(ctx, SRV_KEY_ID_BYTES + 1, err);
    if (plan->id == NULL) {
        return false;
    }
    srv_key_value_id(random, plan->id);
    return srv_store_insert(access->store, ctx, &srv_access_plans, store_key(plan->id), &plan->base,
                            err) &&
           announce(access, ctx, &plans, plan->id, err);
}

bool srv_access_get_plan(struct srv_access *access, struct rpc_context *ctx, const char *id,
                         Tollgate__UsagePlan **out_plan, struct base_err *err)
{
    ProtobufCMessage *message;
    if (!get(access, ctx, &plans, id, &message, err)) {
        return false;
    }
    *out_plan = (Tollgate__UsagePlan *)message;
    return true;
}

bool srv_access_update_plan(struct srv_access *access, struct rpc_context *ctx, const char *id,
                            const struct srv_mutation *mutation, Tollgate__UsagePlan **out_plan,
                            struct base_err *err)
{
    ProtobufCMessage *message;
    if (!update(access, ctx, &plans, id, mutation, NULL, &message, err)) {
        return false;
    }
    *out_plan = (Tollgate__UsagePlan *)message;
    return true;
}

bool srv_access_remove_plan(struct srv_access *access, struct rpc_context *ctx, const char *id,
                            struct base_err *err)
{
    return erase(access, ctx, &plans, id, err);
}

/* ---- Opening ---- */

static bool open_state(struct srv_access *access, const struct srv_access_config *config,
                       struct rpc_context *ctx, struct base_err *err)
{
    Tollgate__AccessState *state;
    if (srv_access_state_read(config->store, ctx, &state, err)) {
        return srv_access_state_ring(state, config->secret, &access->ring, err);
    }
    if (err->code != BASE_NOT_FOUND ||
        !srv_access_seed_plans(config->store, ctx, config->stages, config->stage_count, err)) {
        return false;
    }
    if (srv_access_state_make(config->store, ctx, config->random, config->secret, &access->ring,
                              err)) {
        return true;
    }
    return err->code == BASE_ALREADY_EXISTS &&
           srv_access_state_read(config->store, ctx, &state, err) &&
           srv_access_state_ring(state, config->secret, &access->ring, err);
}

bool srv_access_open(struct srv_access *access, const struct srv_access_config *config,
                     struct base_err *err)
{
    if (config->keeps_values && config->secret.len == 0) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "recoverable keys need an operator's secret to be sealed under");
    }
    *access = (struct srv_access){
        .store = config->store,
        .clock = config->clock,
        .random = config->random,
        .keeps_values = config->keeps_values,
    };
    struct rpc_context ctx;
    rpc_context_init(&ctx);
    bool ok = open_state(access, config, &ctx, err);
    rpc_context_dispose(&ctx);
    return ok;
}
