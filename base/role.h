/* Roles: which kind of thread may run a function.
 *
 * startup  main before the others exist and after they are gone; may do anything
 * loop     an h2o event loop, one per thread; never blocks
 * cq       a gRPC completion-queue thread; never blocks
 * worker   may block
 *
 * A prototype marked ON_LOOP may be called only where clang can see that the role is held; gcc
 * ignores the mark. Callbacks from foreign libraries call base_role_assert_* first, which aborts
 * at run time when the thread has another role.
 */
#ifndef BASE_ROLE_H
#define BASE_ROLE_H

#if defined(__clang__)
#define BASE_ROLE_ATTRIBUTE(x) __attribute__((x))
#else
#define BASE_ROLE_ATTRIBUTE(x)
#endif

enum base_role { BASE_ROLE_STARTUP, BASE_ROLE_LOOP, BASE_ROLE_CQ, BASE_ROLE_WORKER };

struct BASE_ROLE_ATTRIBUTE(capability("role")) base_role_capability {
    enum base_role role;
};

extern struct base_role_capability base_role_loop;

#define ON_LOOP BASE_ROLE_ATTRIBUTE(requires_capability(base_role_loop))

/* Gives the calling thread its role for the rest of its life. */
void base_role_enter(enum base_role role);

/* The calling thread's role; startup where none was entered. */
enum base_role base_role_current(void);

/* Each aborts unless the calling thread has the role, or is the startup thread. */
void base_role_assert_loop(void) BASE_ROLE_ATTRIBUTE(assert_capability(base_role_loop));
void base_role_assert_cq(void);

#endif
