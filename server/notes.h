/* Notes: the service notes.v1.Notes over a store.
 *
 * A note is one document of the collection "notes", keyed by its id, a UUIDv7: the order of keys is
 * the order of creation. Id and timestamp are the server's; what a caller sends in their place is
 * ignored. Handlers may be called from any thread.
 */
#ifndef SERVER_NOTES_H
#define SERVER_NOTES_H

#include "notes/v1/notes.tg.h"
#include "server/store.h"
#include "server/uuid7.h"

#define SRV_NOTES_TITLE_BYTES_MAX (size_t)256
#define SRV_NOTES_CONTENT_BYTES_MAX (size_t)(1024 * 1024)

/* Notes on a page when the caller does not say. */
#define SRV_NOTES_PAGE_SIZE 100

struct srv_notes {
    struct srv_store *store;
    const struct base_clock *clock;
    struct srv_uuid7 ids;
};

/* The handlers; their `self` is a struct srv_notes. */
extern const struct notes_v1_notes_handlers srv_notes_handlers;

/* Makes the service ready. Borrows all three. */
void srv_notes_init(struct srv_notes *notes, struct srv_store *store,
                    const struct base_clock *clock, const struct base_random *random);

/* Adds the service to `server`; `notes` must outlive it. Fails as rpc_server_add. */
bool srv_notes_register(struct srv_notes *notes, struct rpc_server *server,
                        struct base_err *err) BASE_MUST_CHECK;

#endif
