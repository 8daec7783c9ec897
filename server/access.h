/* Access: the API keys and usage plans of a store.
 *
 * A key is one document of the collection "api_keys", a plan one of "usage_plans". Which plans a
 * key is in stands in the key, whose id is derived from its value: so no value can exist twice and
 * every change is a change of one document. Each change is announced to all processes
 * (server/access_state.h), whose watchers read it within a second (server/access_watch.h).
 *
 * The first process to open a store makes two plans, standard-plan and premium-plan, before it
 * leaves the mark that plans are made; so they come once, and stay away when they are deleted.
 * Blocking; any thread. Messages handed out live as long as the call.
 */
#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include "base/clock.h"
#include "server/key_value.h"
#include "server/scan.h"
#include "tollgate/access.pb-c.h"

/* The id of the API in the stages of a plan, as far as this program makes them. */
#define SRV_ACCESS_API_ID "tollgate"

/* The two plans of an empty store: their ids, and requests a minute. */
#define SRV_ACCESS_STANDARD_PLAN "standard"
#define SRV_ACCESS_STANDARD_LIMIT 100
#define SRV_ACCESS_PREMIUM_PLAN "premium"
#define SRV_ACCESS_PREMIUM_LIMIT 500

/* Plans that one key may be in. */
#define SRV_ACCESS_PLANS_PER_KEY_MAX 10

extern const struct srv_collection srv_access_keys;  /* Tollgate__ApiKey by id */
extern const struct srv_collection srv_access_plans; /* Tollgate__UsagePlan by id */

struct srv_access_config {
    struct srv_store *store;
    const struct base_clock *clock;
    const struct base_random *random;
    struct base_str secret;    /* the operator's; empty without one. Only read while opening */
    bool keeps_values;         /* sealed under the secret, which must be there */
    const char *const *stages; /* that the two plans are made for */
    size_t stage_count;
};

struct srv_access {
    struct srv_store *store;
    const struct base_clock *clock;
    const struct base_random *random;
    struct srv_key_ring ring;
    bool keeps_values;
};

/* Readies `access`, which borrows store, clock and random. FAILED_PRECONDITION where the store's
 * keys were hashed under another secret; INVALID_ARGUMENT where values shall be kept without a
 * secret. */
bool srv_access_open(struct srv_access *access, const struct srv_access_config *config,
                     struct base_err *err) BASE_MUST_CHECK;

/* ---- Keys ---- */

/* Keeps a new key with this value, which has been checked; fills in id, dates, hash and, where
 * values are kept, the sealed value. ALREADY_EXISTS when there is a key with the value. */
bool srv_access_add_key(struct srv_access *access, struct rpc_context *ctx, struct base_str value,
                        Tollgate__ApiKey *key, struct base_err *err) BASE_MUST_CHECK;

/* Reads one key. NOT_FOUND without one, as for the next two. */
bool srv_access_get_key(struct srv_access *access, struct rpc_context *ctx, const char *id,
                        Tollgate__ApiKey **out_key, struct base_err *err) BASE_MUST_CHECK;

/* Changes one key and its date; gives what was written. */
bool srv_access_update_key(struct srv_access *access, struct rpc_context *ctx, const char *id,
                           const struct srv_mutation *mutation, Tollgate__ApiKey **out_key,
                           struct base_err *err) BASE_MUST_CHECK;

bool srv_access_remove_key(struct srv_access *access, struct rpc_context *ctx, const char *id,
                           struct base_err *err) BASE_MUST_CHECK;

/* Gives the value of a key, or NULL where it is not kept or cannot be read. */
bool srv_access_reveal(struct srv_access *access, struct rpc_context *ctx,
                       const Tollgate__ApiKey *key, char **out_value,
                       struct base_err *err) BASE_MUST_CHECK;

/* Whether the key is in the plan. */
bool srv_access_key_has_plan(const Tollgate__ApiKey *key, const char *plan_id);

/* ---- Plans ---- */

/* Keeps a new plan and gives it a random id. */
bool srv_access_add_plan(struct srv_access *access, struct rpc_context *ctx,
                         Tollgate__UsagePlan *plan, struct base_err *err) BASE_MUST_CHECK;

/* As for keys. */
bool srv_access_get_plan(struct srv_access *access, struct rpc_context *ctx, const char *id,
                         Tollgate__UsagePlan **out_plan, struct base_err *err) BASE_MUST_CHECK;
bool srv_access_update_plan(struct srv_access *access, struct rpc_context *ctx, const char *id,
                            const struct srv_mutation *mutation, Tollgate__UsagePlan **out_plan,
                            struct base_err *err) BASE_MUST_CHECK;
bool srv_access_remove_plan(struct srv_access *access, struct rpc_context *ctx, const char *id,
                            struct base_err *err) BASE_MUST_CHECK;

#endif
