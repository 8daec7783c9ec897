/* Plan show: usage plans as `tollgate plans` shows them. Startup thread. */
#ifndef CLI_PLAN_SHOW_H
#define CLI_PLAN_SHOW_H

#include "cli/listing.h"
#include "tollgate/admin.pb-c.h"

/* Reads the name of a quota's period, "minute" to "month"; NULL is PERIOD_UNSPECIFIED. */
bool cli_plan_read_period(const char *text, Tollgate__Quota__Period *out_period,
                          struct base_err *err) BASE_MUST_CHECK;

/* Shows one plan, a Tollgate__Admin__UsagePlan, and what its change is warned of. */
bool cli_plan_show(struct cli_manage *manage, const ProtobufCMessage *answer,
                   struct base_err *err) BASE_MUST_CHECK;

/* Lists all plans. */
bool cli_plan_list(struct cli_manage *manage, struct base_err *err) BASE_MUST_CHECK;

#endif
