/* Admin: the service tollgate.admin.Admin over the keys and plans of a store.
 *
 * It means to clients what AWS API Gateway's own API means to them, as far as keys, plans and usage
 * go; docs/KEYS.md says where it differs. Lists are scans in the order of ids. Handlers may be
 * called from any thread that may block; none belongs on a loop, for a list may read every key
 * there is.
 */
#ifndef SERVER_ADMIN_H
#define SERVER_ADMIN_H

#include "server/access.h"
#include "tollgate/admin.tg.h"

/* Items of a list where the caller does not say, and at most. */
#define SRV_ADMIN_LIST_DEFAULT 25
#define SRV_ADMIN_LIST_MAX 500

/* Lines of one import: what can be written to disk within a call's deadline. */
#define SRV_ADMIN_IMPORT_LINES_MAX 2000

/* Days of all keys in one report of usage. */
#define SRV_ADMIN_USAGE_DAYS_MAX 20000

struct srv_admin {
    struct srv_access *access;
    const char *const *stages;
    size_t stage_count;
};

/* The handlers; their `self` is a struct srv_admin. */
extern const struct tollgate_admin_admin_handlers srv_admin_handlers;

/* Makes the service ready. Borrows `access` and the names of the stages that are served beside it:
 * who makes a plan for others is warned, and no more, since another gateway may serve them. */
void srv_admin_init(struct srv_admin *admin, struct srv_access *access, const char *const *stages,
                    size_t stage_count);

/* Adds the service to `server`; `admin` must outlive it. Fails as rpc_server_add. */
bool srv_admin_register(struct srv_admin *admin, struct rpc_server *server,
                        struct base_err *err) BASE_MUST_CHECK;

#endif
