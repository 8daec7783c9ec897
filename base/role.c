#include "base/role.h"

#include <stdio.h>
#include <stdlib.h>

struct base_role_capability base_role_loop = {BASE_ROLE_LOOP};

static _Thread_local enum base_role current = BASE_ROLE_STARTUP;

void base_role_enter(enum base_role role)
{
    current = role;
}

enum base_role base_role_current(void)
{
    return current;
}

static void check(enum base_role wanted)
{
    if (current != wanted && current != BASE_ROLE_STARTUP) {
        fprintf(stderr, "tollgate: a function of thread role %d ran on role %d\n", (int)wanted,
                (int)current);
        abort();
    }
}

void base_role_assert_loop(void)
{
    check(BASE_ROLE_LOOP);
}

void base_role_assert_cq(void)
{
    check(BASE_ROLE_CQ);
}
