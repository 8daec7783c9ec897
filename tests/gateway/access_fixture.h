/* Keys and plans as the store would hand them out, and snapshots of them. One thread. */
#ifndef GATEWAY_ACCESS_FIXTURE_H
#define GATEWAY_ACCESS_FIXTURE_H

#include "gateway/access.h"

/* The hash key of every fixture. */
extern const uint8_t access_hash_key[BASE_DIGEST_BYTES];

/* A key of this value in at most two plans (NULL: none), enabled. Its hash is `out_hash`. */
Tollgate__ApiKey access_key(const char *id, const char *value, char *plans[2],
                            uint8_t out_hash[BASE_DIGEST_BYTES]);

/* A stage of a plan. */
Tollgate__ApiStage access_stage(const char *name);

/* A plan for `count` stages, without limits. */
Tollgate__UsagePlan access_plan(const char *id, Tollgate__ApiStage **stages, size_t count);

/* Set-up and tear-down of a test that makes snapshots, for the stages dev and prod; nothing can be
 * reserved of a quota. */
int access_set_up(void **state);
int access_tear_down(void **state);

/* Returns a reference to a snapshot of these keys and plans, between the two. */
struct gw_access *access_make(const Tollgate__ApiKey *const *keys, size_t key_count,
                              const Tollgate__UsagePlan *const *plans, size_t plan_count);

#endif
