/* Plan usage: `tollgate plans usage`. Startup thread. */
#ifndef CLI_PLAN_USAGE_H
#define CLI_PLAN_USAGE_H

#include "cli/manage.h"

/* Shows what the keys of a plan have used, day by day: today's usage where no day is given, one day
 * where only the first is. */
bool cli_plan_usage(struct cli_manage *manage, struct base_err *err) BASE_MUST_CHECK;

#endif
