/* What the tests of stores share: the two collections, messages to put there, contexts
 * and threads. */
#ifndef SERVER_STORE_SUPPORT_H
#define SERVER_STORE_SUPPORT_H

#include "server/store.h"

#include "library/v1/library.pb-c.h"
#include "notes/v1/notes.pb-c.h"

extern const struct srv_collection store_notes; /* text keys */
extern const struct srv_collection store_users; /* number keys */

/* The outcome of one call, as one string: "OK", or "NOT_FOUND: notes has no document \"a\"".
 * Borrowed until the thread's next call. */
const char *store_outcome(bool ok, const struct base_err *err);

/* Inserts a note with `content_len` bytes of content; the outcome as above. */
const char *store_insert_note(struct srv_store *store, const char *key, const char *title,
                              size_t content_len);

/* The title of a note, or the outcome. Borrowed until the thread's next call. */
const char *store_title_of(struct srv_store *store, const char *key);

const char *store_remove_note(struct srv_store *store, const char *key);

/* Puts `title` in the place of the note's own. */
const char *store_retitle(struct srv_store *store, const char *key, const char *title);

/* Adds one to the number that is the note's title; the number written, or -1. */
int64_t store_count_up(struct srv_store *store, const char *key);

/* The next number of a counter, or -1. */
int64_t store_next_id(struct srv_store *store, const char *counter);

/* Runs `body(user, index)` on `count` threads and joins them. */
void store_on_threads(size_t count, void (*body)(void *user, size_t index), void *user);

#endif
