/* Rows and statements. Every operation looks before it writes, so that a refusal has nothing to
 * take back; one that fails half way is undone with its whole transaction. */
#include "server/store_sqlite_changes.h"

#include "server/document.h"

#include <assert.h>
#include <stdio.h>

/* Steps a statement that gives no row and makes it ready for the next time. */
static bool run_statement(struct srv_sqlite_changes *changes, sqlite3_stmt *statement,
                          struct base_err *err)
{
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE) {
        srv_sqlite_fail(changes->db, code, sqlite3_sql(statement), err);
    }
    sqlite3_reset(statement);
    return code == SQLITE_DONE;
}

/* Steps to the one row there may be; the caller resets. */
static bool find_row(struct srv_sqlite_changes *changes, sqlite3_stmt *statement, bool *out_found,
                     struct base_err *err)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW || code == SQLITE_DONE) {
        *out_found = code == SQLITE_ROW;
        return true;
    }
    srv_sqlite_fail(changes->db, code, sqlite3_sql(statement), err);
    sqlite3_reset(statement);
    return false;
}

bool srv_sqlite_changes_prepare(struct srv_sqlite_changes *changes, struct base_err *err)
{
    const struct {
        sqlite3_stmt **out;
        const char *sql;
    } statements[] = {
        {&changes->find_large, "SELECT body FROM large WHERE id = ?1"},
        {&changes->insert_large, "INSERT INTO large(body) VALUES(?1)"},
        {&changes->remove_large, "DELETE FROM large WHERE id = ?1"},
        {&changes->find_counter, "SELECT value FROM counters WHERE name = ?1"},
        {&changes->set_counter, "INSERT INTO counters(name, value) VALUES(?1, ?2)"
                                " ON CONFLICT(name) DO UPDATE SET value = excluded.value"},
        {&changes->remove_counter, "DELETE FROM counters WHERE name = ?1"},
    };
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        if (*statements[i].out == NULL) {
            *statements[i].out = srv_sqlite_prepare(changes->db, statements[i].sql, "", err);
        }
        if (*statements[i].out == NULL) {
            return false;
        }
    }
    return true;
}

static void finalize_table(struct srv_sqlite_table *table)
{
    sqlite3_finalize(table->find);
    sqlite3_finalize(table->insert);
    sqlite3_finalize(table->update);
    sqlite3_finalize(table->remove);
}

void srv_sqlite_changes_forget_tables(struct srv_sqlite_changes *changes)
{
    for (size_t i = 0; i < changes->table_count; i++) {
        finalize_table(&changes->tables[i]);
    }
    changes->table_count = 0;
}

void srv_sqlite_changes_dispose(struct srv_sqlite_changes *changes)
{
    srv_sqlite_changes_forget_tables(changes);
    sqlite3_finalize(changes->find_large);
    sqlite3_finalize(changes->insert_large);
    sqlite3_finalize(changes->remove_large);
    sqlite3_finalize(changes->find_counter);
    sqlite3_finalize(changes->set_counter);
    sqlite3_finalize(changes->remove_counter);
}

static bool create_table(struct srv_sqlite_changes *changes,
                         const struct srv_collection *collection, struct base_err *err)
{
    char sql[SRV_SQLITE_SQL_SIZE];
    bool is_text = collection->key_kind == SRV_KEY_TEXT;
    snprintf(sql, sizeof sql,
             "CREATE TABLE IF NOT EXISTS doc_%s("
             "key %s PRIMARY KEY NOT NULL, body BLOB, large INTEGER)%s",
             collection->name, is_text ? "TEXT" : "INTEGER", is_text ? " WITHOUT ROWID" : "");
    return srv_sqlite_exec(changes->db, sql, err);
}

/* The table of `collection`, made at its first use together with its statements; NULL
 * when that fails. */
static struct srv_sqlite_table *table_of(struct srv_sqlite_changes *changes,
                                         const struct srv_collection *collection,
                                         struct base_err *err)
{
    for (size_t i = 0; i < changes->table_count; i++) {
        if (changes->tables[i].collection == collection) {
            return &changes->tables[i];
        }
    }
    assert(changes->table_count < SRV_SQLITE_COLLECTIONS_MAX);
    if (!create_table(changes, collection, err)) {
        return NULL;
    }
    struct srv_sqlite_table made = {.collection = collection};
    sqlite3 *db = changes->db;
    const char *name = collection->name;
    made.find = srv_sqlite_prepare(db, "SELECT body, large FROM doc_%s WHERE key = ?1", name, err);
    made.insert = srv_sqlite_prepare(db, "INSERT INTO doc_%s(key, body, large) VALUES(?1, ?2, ?3)",
                                     name, err);
    made.update =
        srv_sqlite_prepare(db, "UPDATE doc_%s SET body = ?2, large = ?3 WHERE key = ?1", name, err);
    made.remove = srv_sqlite_prepare(db, "DELETE FROM doc_%s WHERE key = ?1", name, err);
    if (made.find == NULL || made.insert == NULL || made.update == NULL || made.remove == NULL) {
        finalize_table(&made);
        return NULL;
    }
    changes->tables[changes->table_count] = made;
    return &changes->tables[changes->table_count++];
}

/* Runs `statement` (insert or update), whose parameters are key, body and large. */
static bool write_document(struct srv_sqlite_changes *changes, sqlite3_stmt *statement,
                           struct srv_key key, struct base_str body, struct base_err *err)
{
    srv_sqlite_bind_key(statement, 1, key);
    if (body.len <= SRV_SQLITE_INLINE_BYTES_MAX) {
        /* An empty message has no bytes; a NULL pointer would bind NULL. */
        sqlite3_bind_blob(statement, 2, body.len > 0 ? body.data : "", (int)body.len,
                          SQLITE_STATIC);
        sqlite3_bind_null(statement, 3);
    } else {
        sqlite3_bind_blob(changes->insert_large, 1, body.data, (int)body.len, SQLITE_STATIC);
        if (!run_statement(changes, changes->insert_large, err)) {
            return false;
        }
        sqlite3_bind_null(statement, 2);
        sqlite3_bind_int64(statement, 3, sqlite3_last_insert_rowid(changes->db));
    }
    return run_statement(changes, statement, err);
}

/* A stored document's place: whether it is there, and the row of `large` that holds it, or 0. */
struct place {
    bool found;
    int64_t large; /* rows of `large` count from 1 */
};

static bool find_place(struct srv_sqlite_changes *changes, struct srv_sqlite_table *table,
                       struct srv_key key, struct place *out_place, struct base_err *err)
{
    srv_sqlite_bind_key(table->find, 1, key);
    if (!find_row(changes, table->find, &out_place->found, err)) {
        return false;
    }
    out_place->large = out_place->found ? sqlite3_column_int64(table->find, 1) : 0;
    sqlite3_reset(table->find);
    return true;
}

static bool remove_large(struct srv_sqlite_changes *changes, const struct place *place,
                         struct base_err *err)
{
    if (place->large == 0) {
        return true;
    }
    sqlite3_bind_int64(changes->remove_large, 1, place->large);
    return run_statement(changes, changes->remove_large, err);
}

enum srv_sqlite_outcome srv_sqlite_run_insert(struct srv_sqlite_changes *changes,
                                              struct srv_sqlite_op *op)
{
    struct srv_sqlite_table *table = table_of(changes, op->collection, op->err);
    struct place place;
    if (table == NULL || !find_place(changes, table, op->key, &place, op->err)) {
        return SRV_SQLITE_BROKEN;
    }
    if (place.found) {
        srv_document_already_exists(op->collection, op->key, op->err);
        return SRV_SQLITE_REFUSED;
    }
    return write_document(changes, table->insert, op->key, op->body, op->err) ? SRV_SQLITE_DONE
                                                                              : SRV_SQLITE_BROKEN;
}

enum srv_sqlite_outcome srv_sqlite_run_remove(struct srv_sqlite_changes *changes,
                                              struct srv_sqlite_op *op)
{
    struct srv_sqlite_table *table = table_of(changes, op->collection, op->err);
    struct place place;
    if (table == NULL || !find_place(changes, table, op->key, &place, op->err)) {
        return SRV_SQLITE_BROKEN;
    }
    if (!place.found) {
        srv_document_not_found(op->collection, op->key, op->err);
        return SRV_SQLITE_REFUSED;
    }
    srv_sqlite_bind_key(table->remove, 1, op->key);
    return remove_large(changes, &place, op->err) && run_statement(changes, table->remove, op->err)
               ? SRV_SQLITE_DONE
               : SRV_SQLITE_BROKEN;
}

/* Unpacks the body that `statement` stands on into the op's message, and resets the statement. */
static enum srv_sqlite_outcome unpack_row(struct srv_sqlite_op *op, sqlite3_stmt *statement)
{
    bool ok = srv_document_unpack(op->ctx, op->collection, op->key, srv_sqlite_column(statement, 0),
                                  &op->message, op->err);
    sqlite3_reset(statement);
    return ok ? SRV_SQLITE_DONE : SRV_SQLITE_REFUSED;
}

static enum srv_sqlite_outcome read_large(struct srv_sqlite_changes *changes,
                                          struct srv_sqlite_op *op, const struct place *place)
{
    bool found;
    sqlite3_bind_int64(changes->find_large, 1, place->large);
    if (!find_row(changes, changes->find_large, &found, op->err)) {
        return SRV_SQLITE_BROKEN;
    }
    /* A row that is gone reads as an empty body would; only damage to the file takes one away. */
    if (!found) {
        sqlite3_reset(changes->find_large);
        srv_document_damaged(op->collection, op->key, op->err);
        return SRV_SQLITE_REFUSED;
    }
    return unpack_row(op, changes->find_large);
}

/* Reads the document into the op's message. */
static enum srv_sqlite_outcome read_document(struct srv_sqlite_changes *changes,
                                             struct srv_sqlite_table *table,
                                             struct srv_sqlite_op *op, struct place *out_place)
{
    srv_sqlite_bind_key(table->find, 1, op->key);
    if (!find_row(changes, table->find, &out_place->found, op->err)) {
        return SRV_SQLITE_BROKEN;
    }
    if (!out_place->found) {
        sqlite3_reset(table->find);
        srv_document_not_found(op->collection, op->key, op->err);
        return SRV_SQLITE_REFUSED;
    }
    out_place->large = sqlite3_column_int64(table->find, 1);
    if (out_place->large == 0) {
        return unpack_row(op, table->find);
    }
    sqlite3_reset(table->find);
    return read_large(changes, op, out_place);
}

enum srv_sqlite_outcome srv_sqlite_run_update(struct srv_sqlite_changes *changes,
                                              struct srv_sqlite_op *op)
{
    struct srv_sqlite_table *table = table_of(changes, op->collection, op->err);
    if (table == NULL) {
        return SRV_SQLITE_BROKEN;
    }
    struct place place;
    enum srv_sqlite_outcome outcome = read_document(changes, table, op, &place);
    if (outcome != SRV_SQLITE_DONE) {
        return outcome;
    }
    if (!op->mutation->apply(op->mutation, op->ctx, op->message, op->err) ||
        !srv_document_pack(op->ctx, op->collection, op->message, &op->body, op->err)) {
        return SRV_SQLITE_REFUSED;
    }
    return remove_large(changes, &place, op->err) &&
                   write_document(changes, table->update, op->key, op->body, op->err)
               ? SRV_SQLITE_DONE
               : SRV_SQLITE_BROKEN;
}

static bool read_counter(struct srv_sqlite_changes *changes, struct srv_sqlite_op *op,
                         int64_t *out_value)
{
    bool found;
    sqlite3_bind_text(changes->find_counter, 1, op->counter, -1, SQLITE_STATIC);
    if (!find_row(changes, changes->find_counter, &found, op->err)) {
        return false;
    }
    *out_value = found ? sqlite3_column_int64(changes->find_counter, 0) : 0;
    sqlite3_reset(changes->find_counter);
    return true;
}

static bool write_counter(struct srv_sqlite_changes *changes, struct srv_sqlite_op *op,
                          int64_t value)
{
    sqlite3_bind_text(changes->set_counter, 1, op->counter, -1, SQLITE_STATIC);
    sqlite3_bind_int64(changes->set_counter, 2, value);
    return run_statement(changes, changes->set_counter, op->err);
}

enum srv_sqlite_outcome srv_sqlite_run_next_id(struct srv_sqlite_changes *changes,
                                               struct srv_sqlite_op *op)
{
    if (!read_counter(changes, op, &op->number)) {
        return SRV_SQLITE_BROKEN;
    }
    if (op->number == INT64_MAX) {
        srv_document_counter_is_full(op->counter, op->err);
        return SRV_SQLITE_REFUSED;
    }
    return write_counter(changes, op, op->number + 1) ? SRV_SQLITE_DONE : SRV_SQLITE_BROKEN;
}

enum srv_sqlite_outcome srv_sqlite_run_reserve(struct srv_sqlite_changes *changes,
                                               struct srv_sqlite_op *op)
{
    int64_t value;
    if (!read_counter(changes, op, &value)) {
        return SRV_SQLITE_BROKEN;
    }
    /* Neither is negative, so the difference cannot overflow. */
    int64_t room = op->limit > value ? op->limit - value : 0;
    op->number = op->want < room ? op->want : room;
    op->left = room - op->number;
    if (op->number == 0) {
        return SRV_SQLITE_DONE;
    }
    return write_counter(changes, op, value + op->number) ? SRV_SQLITE_DONE : SRV_SQLITE_BROKEN;
}

static bool remove_counter(struct srv_sqlite_changes *changes, struct srv_sqlite_op *op)
{
    sqlite3_bind_text(changes->remove_counter, 1, op->counter, -1, SQLITE_STATIC);
    return run_statement(changes, changes->remove_counter, op->err);
}

enum srv_sqlite_outcome srv_sqlite_run_release(struct srv_sqlite_changes *changes,
                                               struct srv_sqlite_op *op)
{
    int64_t value;
    if (!read_counter(changes, op, &value)) {
        return SRV_SQLITE_BROKEN;
    }
    bool done = value > op->want ? write_counter(changes, op, value - op->want)
                                 : remove_counter(changes, op);
    return done ? SRV_SQLITE_DONE : SRV_SQLITE_BROKEN;
}
