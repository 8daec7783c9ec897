/* Access watch: a thread that knows every key and plan of a store, and tells when they change.
 *
 * It reads one small document every SRV_ACCESS_WATCH_PERIOD_MS and then only what the document
 * names; everything when it has missed too much, and once in SRV_ACCESS_RELOAD_PERIOD_S, which
 * finds changes whose maker died before announcing them. While the store is away it keeps what it
 * knows, logs that once, and goes on trying.
 *
 * Of a key it keeps what a gateway needs: id, name, customer, whether it is enabled, the hash of
 * its value and its plans.
 */
#ifndef SERVER_ACCESS_WATCH_H
#define SERVER_ACCESS_WATCH_H

#include "server/access.h"

#define SRV_ACCESS_WATCH_PERIOD_MS 250
#define SRV_ACCESS_RELOAD_PERIOD_S 600

/* How long the store may take for a document or a list. */
#define SRV_ACCESS_WATCH_TIMEOUT_MS 5000

/* All keys and plans in the order of their ids, borrowed for the length of on_access. */
struct srv_access_list {
    Tollgate__ApiKey *const *keys;
    size_t key_count;
    Tollgate__UsagePlan *const *plans;
    size_t plan_count;
};

struct srv_access_listener {
    /* Once while the watch opens, on the thread that opens it; then after every change, on the
     * watch's own. */
    void (*on_access)(struct srv_access_listener *self, const struct srv_access_list *list);
};

struct srv_access_watch;

/* Reads all there is, tells `listener` and starts the thread. Returns owned the watch, which
 * borrows both; NULL when the store cannot be read. */
struct srv_access_watch *srv_access_watch_open(struct srv_access *access,
                                               struct srv_access_listener *listener,
                                               struct base_err *err);

/* Joins the thread. Accepts NULL. */
void srv_access_watch_close(struct srv_access_watch *watch);

#endif
