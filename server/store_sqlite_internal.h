/* What the three files of the embedded store share: store_sqlite.c opens the file and makes
 * connections, store_sqlite_writer.c changes it, store_sqlite_reader.c reads it.
 *
 * The tables:
 *   counters(name, value)       of next_id, reserve and release
 *   large(id, body)             bodies of more than SRV_SQLITE_INLINE_BYTES_MAX
 *   doc_NAME(key, body, large)  one table a collection, made at its first write; body or large is
 *                               NULL
 *
 * doc_NAME with text keys is WITHOUT ROWID, clustered by key: one tree walk a get, one scan a list.
 * But there a search compares with whole records, and would read a large body just to pass it;
 * hence the second table. Measured, 200-byte bodies: list of 100 in 27 us (69 us over a unique
 * index); 1 MiB bodies held inline: get in 2.9 ms (0.4 ms from a table of their own).
 */
#ifndef SERVER_STORE_SQLITE_INTERNAL_H
#define SERVER_STORE_SQLITE_INTERNAL_H

#include "server/store_sqlite.h"

#include <sqlite3.h>

/* Collections one store may hold. */
#define SRV_SQLITE_COLLECTIONS_MAX 32

/* With the longest key and its header this still fits a 4096-byte page's share for one record of an
 * index tree, 1002 bytes (https://www.sqlite.org/fileformat2.html section 1.5). */
#define SRV_SQLITE_INLINE_BYTES_MAX 720

/* Room for a statement on one collection. */
#define SRV_SQLITE_SQL_SIZE 256

struct srv_sqlite_writer;
struct srv_sqlite_readers;

struct srv_sqlite_store {
    struct srv_store base;
    sqlite3 *db; /* the writer's, as long as it lives */
    struct srv_sqlite_writer *writer;
    struct srv_sqlite_readers *readers;
};

/* Opens a connection with our settings; `flags` as for sqlite3_open_v2. NULL with UNAVAILABLE. */
sqlite3 *srv_sqlite_connect(const char *path, int flags, struct base_err *err) BASE_MUST_CHECK;

/* Runs statements that give no rows. */
bool srv_sqlite_exec(sqlite3 *db, const char *sql, struct base_err *err) BASE_MUST_CHECK;

/* Returns owned a statement, with `name` put in the place of its "%s" (sqlite3_finalize frees it),
 * or NULL. */
sqlite3_stmt *srv_sqlite_prepare(sqlite3 *db, const char *sql, const char *name,
                                 struct base_err *err) BASE_MUST_CHECK;

/* Binds a key, borrowed until the statement is reset. */
void srv_sqlite_bind_key(sqlite3_stmt *statement, int index, struct srv_key key);

/* Borrows a column's bytes until the statement moves. */
struct base_str srv_sqlite_column(sqlite3_stmt *statement, int index);

/* Sets `err` from the connection's last failure, `code` being what the call returned, and logs what
 * a client is not told. Returns false. */
bool srv_sqlite_fail(sqlite3 *db, int code, const char *doing, struct base_err *err);

/* Writer: borrows `db` and starts the thread that alone uses it. */
struct srv_sqlite_writer *srv_sqlite_writer_create(sqlite3 *db, struct base_err *err);
/* Finishes what is queued and ends the thread. Accepts NULL. */
void srv_sqlite_writer_destroy(struct srv_sqlite_writer *writer);
struct srv_store_sqlite_stats srv_sqlite_writer_stats(struct srv_sqlite_writer *writer);

bool srv_sqlite_insert(struct srv_store *self, struct rpc_context *ctx,
                       const struct srv_collection *collection, struct srv_key key,
                       const ProtobufCMessage *message, struct base_err *err);
bool srv_sqlite_remove(struct srv_store *self, struct rpc_context *ctx,
                       const struct srv_collection *collection, struct srv_key key,
                       struct base_err *err);
bool srv_sqlite_update(struct srv_store *self, struct rpc_context *ctx,
                       const struct srv_collection *collection, struct srv_key key,
                       const struct srv_mutation *mutation, ProtobufCMessage **out_message,
                       struct base_err *err);
bool srv_sqlite_next_id(struct srv_store *self, struct rpc_context *ctx, const char *counter,
                        int64_t *out_id, struct base_err *err);
bool srv_sqlite_reserve(struct srv_store *self, struct rpc_context *ctx, const char *counter,
                        int64_t want, int64_t limit, int64_t *out_granted, int64_t *out_left,
                        struct base_err *err);
bool srv_sqlite_release(struct srv_store *self, struct rpc_context *ctx, const char *counter,
                        int64_t count, struct base_err *err);

/* Readers: borrows `db`, whose file each thread that reads opens for itself. */
struct srv_sqlite_readers *srv_sqlite_readers_create(sqlite3 *db, struct base_err *err);
/* Closes every thread's connection. Accepts NULL. */
void srv_sqlite_readers_destroy(struct srv_sqlite_readers *readers);

bool srv_sqlite_get(struct srv_store *self, struct rpc_context *ctx,
                    const struct srv_collection *collection, struct srv_key key, enum srv_form form,
                    ProtobufCMessage **out_message, struct base_err *err);
bool srv_sqlite_list(struct srv_store *self, struct rpc_context *ctx,
                     const struct srv_collection *collection, const struct srv_key *after,
                     size_t limit, enum srv_form form, struct srv_page *out_page,
                     struct base_err *err);

#endif
