/* Library: the service library.v1.Library over a store.
 *
 * A user with all books is one document of the collection "users", keyed by the user's number.
 * Numbers come from a counter of the store, so none is given twice, also after its user is gone.
 * Handlers may be called from any thread.
 */
#ifndef SERVER_LIBRARY_H
#define SERVER_LIBRARY_H

#include "library/v1/library.tg.h"
#include "server/store.h"

/* Books of one user: with SRV_STORE_DOCUMENT_BYTES_MAX, what keeps the user's document small. */
#define SRV_LIBRARY_BOOKS_MAX 1000

/* Users on a page when the caller does not say. */
#define SRV_LIBRARY_PAGE_SIZE 1000

struct srv_library {
    struct srv_store *store;
};

/* The handlers; their `self` is a struct srv_library. */
extern const struct library_v1_library_handlers srv_library_handlers;

/* Makes the service ready. Borrows `store`. */
void srv_library_init(struct srv_library *library, struct srv_store *store);

/* Adds the service to `server`; `library` must outlive it. Fails as rpc_server_add. */
bool srv_library_register(struct srv_library *library, struct rpc_server *server,
                          struct base_err *err) BASE_MUST_CHECK;

#endif
