/* What each change does inside the writer's transaction.
 *
 * Private to the embedded store. The statements belong to one connection; all of it runs on the
 * writer's thread, on operations whose callers sleep until they are answered: their contexts,
 * arenas and errors are the writer's meanwhile.
 */
#ifndef SERVER_STORE_SQLITE_CHANGES_H
#define SERVER_STORE_SQLITE_CHANGES_H

#include "server/store_sqlite_internal.h"

#include <semaphore.h>
#include <stdatomic.h>

struct srv_sqlite_changes {
    sqlite3 *db; /* borrowed */
    sqlite3_stmt *find_large;
    sqlite3_stmt *insert_large;
    sqlite3_stmt *remove_large;
    sqlite3_stmt *find_counter;
    sqlite3_stmt *set_counter;
    sqlite3_stmt *remove_counter;
    struct srv_sqlite_table {
        const struct srv_collection *collection;
        sqlite3_stmt *find;
        sqlite3_stmt *insert;
        sqlite3_stmt *update;
        sqlite3_stmt *remove;
    } tables[SRV_SQLITE_COLLECTIONS_MAX];
    size_t table_count;
};

/* What became of one operation: it is part of the transaction; it was refused (its err says why)
 * and wrote nothing; SQLite failed (err too) and the transaction must be rolled back. */
enum srv_sqlite_outcome { SRV_SQLITE_DONE, SRV_SQLITE_REFUSED, SRV_SQLITE_BROKEN };

struct srv_sqlite_op {
    enum srv_sqlite_outcome (*run)(struct srv_sqlite_changes *changes, struct srv_sqlite_op *op);
    struct rpc_context *ctx;
    struct base_err *err; /* the caller's */

    const struct srv_collection *collection;
    struct srv_key key;
    struct base_str body;                /* insert: what to write */
    const struct srv_mutation *mutation; /* update */
    ProtobufCMessage *message;           /* update: what was written */
    const char *counter;                 /* next_id, reserve, release */
    int64_t want;                        /* reserve, release; not negative, nor is limit */
    int64_t limit;
    int64_t number; /* the id, or what was granted */
    int64_t left;   /* reserve: what could be granted after that */

    /* The queue's, in store_sqlite_writer.c. */
    struct srv_sqlite_op *next;
    bool is_queued; /* nobody has taken it yet */
    bool ok;
    atomic_bool is_answered; /* the hand-over, which ThreadSanitizer cannot see in sem_clockwait */
    sem_t answered;
};

/* Makes the statements that are not there yet. */
bool srv_sqlite_changes_prepare(struct srv_sqlite_changes *changes,
                                struct base_err *err) BASE_MUST_CHECK;

/* Finalizes all statements. */
void srv_sqlite_changes_dispose(struct srv_sqlite_changes *changes);

/* After a rollback: it may have taken a table back that its first use had made; the next use makes
 * it again. */
void srv_sqlite_changes_forget_tables(struct srv_sqlite_changes *changes);

/* The operations: the `run` of an op. */
enum srv_sqlite_outcome srv_sqlite_run_insert(struct srv_sqlite_changes *changes,
                                              struct srv_sqlite_op *op);
enum srv_sqlite_outcome srv_sqlite_run_remove(struct srv_sqlite_changes *changes,
                                              struct srv_sqlite_op *op);
enum srv_sqlite_outcome srv_sqlite_run_update(struct srv_sqlite_changes *changes,
                                              struct srv_sqlite_op *op);
enum srv_sqlite_outcome srv_sqlite_run_next_id(struct srv_sqlite_changes *changes,
                                               struct srv_sqlite_op *op);
enum srv_sqlite_outcome srv_sqlite_run_reserve(struct srv_sqlite_changes *changes,
                                               struct srv_sqlite_op *op);
enum srv_sqlite_outcome srv_sqlite_run_release(struct srv_sqlite_changes *changes,
                                               struct srv_sqlite_op *op);

#endif
