/* Access: who may call what, as it was at one moment: API keys, the usage plans they are in, and
 * their limits.
 *
 * A snapshot is made of the stored keys and plans on a thread that may take its time, and is then
 * constant: loops look keys up without a lock, and a changed key or plan is a new snapshot. What
 * must outlive it, how much of a limit has been used, is in meters (gateway/meter.h).
 *
 * A key is found by the HMAC-SHA-256 of its value, as the store keeps it; what is not found by the
 * whole of it, compared in constant time, is unknown. So neither a stolen store nor the time an
 * answer takes gives a usable key away, and the look-up costs the same for one key and for 100,000.
 * Disabled keys are as good as none, and so are ids and values that are not printable ASCII: those
 * of a snapshot are good metadata.
 */
#ifndef GATEWAY_ACCESS_H
#define GATEWAY_ACCESS_H

#include "base/digest.h"
#include "gateway/meter.h"
#include "gateway/stage.h"
#include "tollgate/access.pb-c.h"

/* Bytes of a key's value, which AWS lets be 20 to 128; a longer one is unknown. */
#define GW_ACCESS_VALUE_BYTES_MAX 128

/* Bytes of all keys and plans of one snapshot. */
#define GW_ACCESS_BYTES_MAX (size_t)(1024 * 1024 * 1024)

struct gw_access;

struct gw_access_config {
    const Tollgate__ApiKey *const *keys; /* read at creation only, as the rest but for meters */
    size_t key_count;
    const Tollgate__UsagePlan *const *plans;
    size_t plan_count;
    const uint8_t *hash_key; /* BASE_DIGEST_BYTES of it */
    const struct gw_stages *stages;
    struct gw_meters *meters; /* borrowed; must outlive the snapshot */
};

/* A plan's own limit for one method of a stage, "/notes/GET". */
struct gw_method_limit {
    struct base_str path_template;
    struct base_str http_method;
    struct gw_token_limit limit;
};

/* A plan as it holds for one stage. */
struct gw_grant_terms {
    size_t method_count;
    struct gw_token_limit limit; /* of each key, over all stages */
    bool has_quota;
    struct base_period quota_period;
    int64_t quota_limit;
    const struct gw_method_limit *methods;
};

/* What a key may do on a stage. */
struct gw_grant {
    struct base_str key_id;
    const struct gw_grant_terms *terms;
    struct gw_meter *meter;
    struct gw_token_bucket *bucket;         /* of terms->limit */
    struct gw_token_bucket *const *methods; /* of terms->methods */
};

/* Returns a reference to a snapshot. NULL past GW_ACCESS_BYTES_MAX (RESOURCE_EXHAUSTED). Parts of a
 * plan that cannot be (an unknown period, a key in no such plan) are passed over. */
struct gw_access *gw_access_create(const struct gw_access_config *config, struct base_err *err);

/* Takes one more reference; returns the snapshot. Any thread. */
struct gw_access *gw_access_ref(struct gw_access *access);

/* Lets a reference go. The last one takes a while where there are many keys. Accepts NULL. Any
 * thread. */
void gw_access_unref(struct gw_access *access);

/* What the key of this value may do on a stage; NULL when it is unknown or in no plan of the stage.
 * Lives as long as the snapshot. */
const struct gw_grant *gw_access_find(const struct gw_access *access, struct base_str value,
                                      size_t stage);

#endif
