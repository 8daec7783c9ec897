#include "server/intent.h"

#include <time.h>

/* Waits of which each may be twice as long as the one before. */
#define WAITS_THAT_GROW 6

void srv_intent_init(struct srv_intent *intent, const struct base_random *random,
                     char *const *names, size_t count)
{
    *intent = (struct srv_intent){
        .end_ns = base_clock_monotonic_ns() + SRV_INTENT_PATIENCE_MS * BASE_NS_PER_MS,
    };
    tollgate__intent__init(&intent->message);
    random->fill(random, intent->token, sizeof intent->token);
    intent->message.token = (ProtobufCBinaryData){sizeof intent->token, intent->token};
    intent->message.names = (char **)(uintptr_t)names; /* protobuf-c has no const, and only reads */
    intent->message.n_names = count;
}

bool srv_intent_is(const Tollgate__Intent *found, ProtobufCBinaryData token)
{
    return found != NULL && found->token.len == token.len &&
           memcmp(found->token.data, token.data, token.len) == 0;
}

bool srv_intent_yields(struct srv_intent *intent, const Tollgate__Intent *found)
{
    ProtobufCBinaryData seen = {sizeof intent->seen, intent->seen};
    int64_t now_ns = base_clock_monotonic_ns();
    if (found == NULL || found->token.len != sizeof intent->seen) {
        return false;
    }
    if (!srv_intent_is(found, seen)) {
        memcpy(intent->seen, found->token.data, sizeof intent->seen);
        intent->seen_ns = now_ns;
    }
    return now_ns - intent->seen_ns < SRV_INTENT_COURTESY_MS * BASE_NS_PER_MS;
}

bool srv_intent_adds(const Tollgate__Intent *intent, const char *name)
{
    for (size_t i = 0; intent != NULL && i < intent->n_names; i++) {
        if (strcmp(intent->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

bool srv_intent_lost(struct base_err *err)
{
    return base_err_set(err, BASE_ABORTED,
                        "keys and plans that belong together are being changed by someone else; "
                        "try again");
}

/* ---- Striking out ---- */

struct strike {
    struct srv_mutation mutation;
    ProtobufCBinaryData token;
};

static bool strike(Tollgate__Intent **slot, const struct srv_mutation *self, struct base_err *err)
{
    if (!srv_intent_is(*slot, ((const struct strike *)self)->token)) {
        return srv_intent_lost(err);
    }
    *slot = NULL;
    return true;
}

static bool strike_in_key(const struct srv_mutation *self, struct rpc_context *ctx,
                          ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    return strike(&((Tollgate__ApiKey *)message)->joining, self, err);
}

static bool strike_in_plan(const struct srv_mutation *self, struct rpc_context *ctx,
                           ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    return strike(&((Tollgate__UsagePlan *)message)->adding, self, err);
}

/* Nobody is told: gateways do not look at intents. */
static bool strike_out(struct srv_access *access, struct rpc_context *ctx,
                       const struct srv_collection *collection, const char *id,
                       const struct strike *change, struct base_err *err)
{
    ProtobufCMessage *message;
    return srv_store_update(access->store, ctx, collection, srv_key_text(base_str_of(id)),
                            &change->mutation, &message, err) ||
           (err->code == BASE_NOT_FOUND && srv_intent_lost(err));
}

bool srv_intent_strike_key(struct srv_access *access, struct rpc_context *ctx, const char *key_id,
                           ProtobufCBinaryData token, struct base_err *err)
{
    const struct strike change = {{strike_in_key}, token};
    return strike_out(access, ctx, &srv_access_keys, key_id, &change, err);
}

bool srv_intent_strike_plan(struct srv_access *access, struct rpc_context *ctx, const char *plan_id,
                            ProtobufCBinaryData token, struct base_err *err)
{
    const struct strike change = {{strike_in_plan}, token};
    return strike_out(access, ctx, &srv_access_plans, plan_id, &change, err);
}

/* ---- Beginning again ---- */

static void wait_by_chance(int attempt)
{
    int64_t bound_ns = SRV_INTENT_WAIT_MS_MAX * BASE_NS_PER_MS;
    if (attempt < WAITS_THAT_GROW) {
        bound_ns >>= WAITS_THAT_GROW - attempt;
    }
    uint64_t chance;
    base_random_system.fill(&base_random_system, &chance, sizeof chance);
    struct timespec pause = {.tv_nsec = (long)(chance % (uint64_t)bound_ns)};
    nanosleep(&pause, NULL);
}

bool srv_intent_again(struct srv_intent *intent, const struct rpc_context *ctx,
                      const struct base_err *err)
{
    if (err->code != BASE_ABORTED || rpc_context_is_over(ctx) ||
        base_clock_monotonic_ns() >= intent->end_ns) {
        return false;
    }
    wait_by_chance(intent->attempt++);
    return true;
}
