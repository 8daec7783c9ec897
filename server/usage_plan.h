/* Usage plan: the rules that a plan must keep before it is stored.
 *
 * A quota counts calendar periods in UTC; its offset is the day on which a WEEK (0 to 6 from
 * Sunday) or a MONTH (0, the first, to 27) begins, and 0 for every other period. Limits for
 * single methods need a throttle of the whole plan. Pure; any thread.
 */
#ifndef SERVER_USAGE_PLAN_H
#define SERVER_USAGE_PLAN_H

#include "base/err.h"
#include "base/str.h"
#include "tollgate/access.pb-c.h"

/* Bytes of a name, of a description, of an API's id and of a stage's name. */
#define SRV_ACCESS_NAME_BYTES_MAX 255
#define SRV_ACCESS_DESCRIPTION_BYTES_MAX 1024
#define SRV_ACCESS_API_ID_BYTES_MAX 128
#define SRV_ACCESS_STAGE_BYTES_MAX 128

/* Stages of one plan, and methods of a stage with limits of their own. */
#define SRV_PLAN_STAGES_MAX 100
#define SRV_PLAN_METHODS_MAX 20
#define SRV_PLAN_METHOD_BYTES_MAX 512

/* Tags of one key or plan, and bytes of a tag's key and value. */
#define SRV_ACCESS_TAGS_MAX 50
#define SRV_ACCESS_TAG_KEY_BYTES_MAX 128
#define SRV_ACCESS_TAG_VALUE_BYTES_MAX 256

/* Gives each throttle that has a rate and no burst a burst of what comes in a second, and of one
 * request at least: without one it would refuse everything. */
void srv_usage_plan_complete(Tollgate__UsagePlan *plan);

/* Fails with INVALID_ARGUMENT, naming the field, where the plan breaks a rule. Its tags are not
 * looked at. */
bool srv_usage_plan_check(const Tollgate__UsagePlan *plan, struct base_err *err) BASE_MUST_CHECK;

/* Whether the plan holds for a stage of this name, whatever its API: a gateway has one API. */
bool srv_usage_plan_holds_for(const Tollgate__UsagePlan *plan, const char *stage);

/* Fails with ALREADY_EXISTS where both hold for a stage: no key may be in both. */
bool srv_usage_plan_check_apart(const Tollgate__UsagePlan *plan, const Tollgate__UsagePlan *other,
                                struct base_err *err) BASE_MUST_CHECK;

/* Fails with INVALID_ARGUMENT where `text`, called `name`, is longer than `bytes_max`. */
bool srv_access_check_text(const char *name, const char *text, size_t bytes_max,
                           struct base_err *err) BASE_MUST_CHECK;

/* Fails with INVALID_ARGUMENT where a tag is. */
bool srv_access_check_tag(const char *key, const char *value, struct base_err *err) BASE_MUST_CHECK;
bool srv_access_check_tag_count(size_t count, struct base_err *err) BASE_MUST_CHECK;

/* The stage of the plan, or NULL. */
Tollgate__ApiStage *srv_usage_plan_stage(const Tollgate__UsagePlan *plan, const char *api_id,
                                         const char *stage);

#endif
