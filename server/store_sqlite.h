/* The embedded store: documents in one SQLite file.
 *
 * A write is answered when it is on disk: one writer thread runs the operations that wait as one
 * transaction, so that they share its fsync. Reads never block (inline_reads) and see every commit
 * at once, those of other processes on the same file too. Several processes may share a file on a
 * local disk; several stores in one process may too. A thread that has read keeps a connection
 * until it ends or the store closes; no such thread may be ending while the store is closed.
 */
#ifndef SERVER_STORE_SQLITE_H
#define SERVER_STORE_SQLITE_H

#include "server/store.h"

/* Writes that wait; one more is refused with UNAVAILABLE. */
#define SRV_STORE_SQLITE_QUEUE_MAX 256

/* How long a write waits for other processes to let go of the file, unless its own deadline comes
 * first. */
#define SRV_STORE_SQLITE_BUSY_MS 5000

/* Pages of the write-ahead log at which it is moved into the file, and at which readers of other
 * processes are waited for so that it can start over. */
#define SRV_STORE_SQLITE_WAL_PAGES 1000
#define SRV_STORE_SQLITE_WAL_PAGES_MAX 8000

struct srv_store_sqlite_stats {
    uint64_t groups;     /* transactions committed, one fsync each */
    uint64_t operations; /* writes committed in them */
    uint64_t wal_pages;  /* in the write-ahead log after the last commit */
    uint64_t waiting;    /* writes that the writer has not taken yet */
};

/* Opens the file, making it where there is none. NULL with FAILED_PRECONDITION where it is not a
 * Tollgate store or one of a newer version (it is left as it was), UNAVAILABLE where it cannot be
 * opened for writing. Closed with srv_store_close, which finishes what is queued. */
struct srv_store *srv_store_sqlite_open(const char *path, struct base_err *err) BASE_MUST_CHECK;

/* What the writer has done so far, and what waits for it. Any thread. */
struct srv_store_sqlite_stats srv_store_sqlite_stats(struct srv_store *store);

#endif
