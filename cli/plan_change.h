/* Plan change: `tollgate plans create` and `update`, from flags to requests. Startup thread. */
#ifndef CLI_PLAN_CHANGE_H
#define CLI_PLAN_CHANGE_H

#include "cli/manage.h"

/* Makes the plan that the options describe and shows it. */
bool cli_plan_create(struct cli_manage *manage, struct base_err *err) BASE_MUST_CHECK;

/* Changes what the options say of a plan and shows what it is then. */
bool cli_plan_update(struct cli_manage *manage, struct base_err *err) BASE_MUST_CHECK;

#endif
