/* Demo: what `--demo` puts into a store to have something to look at. */
#ifndef SERVER_DEMO_H
#define SERVER_DEMO_H

#include "server/library.h"
#include "server/notes.h"

/* Adds two users, one with a book, where there are no users, and a note where there are none.
 * Blocks as the store does; fails as it fails. Startup or worker. */
bool srv_demo_fill(struct srv_library *library, struct srv_notes *notes,
                   struct base_err *err) BASE_MUST_CHECK;

#endif
