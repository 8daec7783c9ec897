/* Quota: how many requests a key may still make under a plan in the current period, for all
 * replicas together.
 *
 * One counter a plan, key and period says what has been handed out; gateways reserve blocks of it
 * and give back what they do not use. Since a counter only grows up to the limit, no number of
 * replicas lets more through; one that crashes takes the rest of its block with it. A period's
 * limit can be extended for one key (collection "quota_extension", of which a document goes with
 * its period, with the next extension, with the key and with the plan). One that has been forgotten
 * does not begin anew. Blocking; any thread.
 */
#ifndef SERVER_QUOTA_H
#define SERVER_QUOTA_H

#include "base/period.h"
#include "server/store.h"
#include "tollgate/access.pb-c.h"

/* Bytes of the ids of a plan or key that has a quota, so that names of counters stay within
 * SRV_STORE_KEY_BYTES_MAX. */
#define SRV_QUOTA_ID_BYTES_MAX 100

/* Whose quota or usage it is: a key, under one of its plans. */
struct srv_quota_owner {
    struct base_str plan_id;
    struct base_str key_id;
};

/* Fails with INVALID_ARGUMENT where an id is longer than SRV_QUOTA_ID_BYTES_MAX. */
bool srv_quota_check_owner(struct srv_quota_owner owner, struct base_err *err) BASE_MUST_CHECK;

/* The plan's quota at one moment. */
struct srv_quota_term {
    int64_t limit;
    struct base_period period;
    int64_t start_s; /* of the period, as base_period_start gives it */
};

/* The term that holds `at_s`. INVALID_ARGUMENT where the quota's period or offset is none. */
bool srv_quota_term_at(const Tollgate__Quota *quota, int64_t at_s, struct srv_quota_term *out_term,
                       struct base_err *err) BASE_MUST_CHECK;

/* Reserves up to `want`; gives what was granted, 0 when all is used, and what is left after it. */
bool srv_quota_reserve(struct srv_store *store, struct rpc_context *ctx,
                       struct srv_quota_owner owner, const struct srv_quota_term *term,
                       int64_t want, int64_t *out_granted, int64_t *out_left,
                       struct base_err *err) BASE_MUST_CHECK;

/* Gives back `count` that were reserved and not used. Not to be tried again after UNAVAILABLE. */
bool srv_quota_release(struct srv_store *store, struct rpc_context *ctx,
                       struct srv_quota_owner owner, const struct srv_quota_term *term,
                       int64_t count, struct base_err *err) BASE_MUST_CHECK;

/* Makes `remaining`, which is not negative, what is left in this term and no other: AWS's
 * UpdateUsage. Gateways follow with their next block, those that refuse already within a second. */
bool srv_quota_set_remaining(struct srv_store *store, struct rpc_context *ctx,
                             struct srv_quota_owner owner, const struct srv_quota_term *term,
                             int64_t remaining, struct base_err *err) BASE_MUST_CHECK;

/* Forgets a term that is long over: neither its counter nor its extension takes room any more.
 * Where a clock steps back into it, nothing is left in it (server/quota_past.h). */
bool srv_quota_forget(struct srv_store *store, struct rpc_context *ctx,
                      struct srv_quota_owner owner, const struct srv_quota_term *term,
                      struct base_err *err) BASE_MUST_CHECK;

/* Removes every extension of a key under a plan; of all keys under it where key_id is empty. */
bool srv_quota_remove_extensions(struct srv_store *store, struct rpc_context *ctx,
                                 struct srv_quota_owner owner,
                                 struct base_err *err) BASE_MUST_CHECK;

#endif
