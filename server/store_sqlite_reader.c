/* Each thread reads over a connection of its own, in a transaction a statement, so that nobody
 * waits for anybody and the newest commit is always seen.
 *
 * A statement by key costs about 3 us, of which SQLite spends half on locking the write-ahead log
 * (two fcntl calls). So a thread also remembers answers, and asks whether they still hold by
 * looking at the one place every commit, of whatever process, must change before it is
 * acknowledged: the header of the write-ahead log's index, in memory shared by all who have the
 * file open (https://www.sqlite.org/walformat.html section 2.1). It names a state of the database
 * by its log's salts, length, checksum and change counter. Where it reads the same before and after
 * a read, the answer belongs to that state and is right for as long as the header stays.
 *
 * SQLite writes the header's second copy first and a commit is acknowledged after both, so looking
 * at the first copy alone is enough; a half-written one equals no state we have remembered. */
#include "server/store_sqlite_internal.h"

#include "base/buf.h"
#include "base/mem.h"
#include "server/document.h"
#include "server/read_cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* One copy of the header, in words, and the version it starts with. */
#define STATE_WORDS 12
#define WAL_INDEX_VERSION 3007000

/* The unit in which the index is mapped. */
#define WAL_INDEX_REGION_BYTES 32768

/* Documents a page has room for before it is made larger. */
#define PAGE_DOCUMENTS_FIRST 128

struct state {
    uint32_t words[STATE_WORDS];
};

struct reader {
    struct reader *next;
    struct srv_sqlite_readers *readers;
    sqlite3 *db;
    sqlite3_stmt *find_table;
    struct reader_table {
        const struct srv_collection *collection;
        sqlite3_stmt *get;
        sqlite3_stmt *list;
        sqlite3_stmt *list_after;
    } tables[SRV_SQLITE_COLLECTIONS_MAX];
    size_t table_count;
    struct state state;     /* of the answers in the cache */
    struct base_buf answer; /* the page being read, as the cache keeps it */
    struct srv_read_cache cache;
};

struct srv_sqlite_readers {
    char *path;
    const _Atomic uint32_t *wal_index; /* mapped as long as the writer's connection lives */
    pthread_key_t mine;
    pthread_mutex_t mutex;
    struct reader *all;
};

static void load_state(const struct srv_sqlite_readers *readers, struct state *out_state)
{
    for (size_t i = 0; i < STATE_WORDS; i++) {
        out_state->words[i] = atomic_load_explicit(&readers->wal_index[i], memory_order_relaxed);
    }
}

static bool is_state(const struct srv_sqlite_readers *readers, const struct state *state)
{
    struct state now;
    atomic_thread_fence(memory_order_acquire);
    load_state(readers, &now);
    atomic_thread_fence(memory_order_acquire);
    return memcmp(&now, state, sizeof now) == 0;
}

/* Forgets the answers when the file has changed since they were read. */
static void refresh(struct reader *reader)
{
    if (!is_state(reader->readers, &reader->state)) {
        srv_read_cache_forget(&reader->cache);
        load_state(reader->readers, &reader->state);
        atomic_thread_fence(memory_order_acquire);
    }
}

/* Remembers what was read since refresh, unless the file has changed meanwhile. */
static void remember(struct reader *reader, const struct srv_read_question *question,
                     struct base_str answer)
{
    if (is_state(reader->readers, &reader->state)) {
        srv_read_cache_put(&reader->cache, question, answer);
    }
}

static void finalize_table(struct reader_table *table)
{
    sqlite3_finalize(table->get);
    sqlite3_finalize(table->list);
    sqlite3_finalize(table->list_after);
}

static void close_reader(struct reader *reader)
{
    for (size_t i = 0; i < reader->table_count; i++) {
        finalize_table(&reader->tables[i]);
    }
    sqlite3_finalize(reader->find_table);
    sqlite3_close(reader->db);
    srv_read_cache_dispose(&reader->cache);
    base_buf_dispose(&reader->answer);
    base_free(reader);
}

static void on_thread_end(void *value)
{
    struct reader *reader = value;
    struct srv_sqlite_readers *readers = reader->readers;
    pthread_mutex_lock(&readers->mutex);
    struct reader **link = &readers->all;
    while (*link != reader) {
        link = &(*link)->next;
    }
    *link = reader->next;
    pthread_mutex_unlock(&readers->mutex);
    close_reader(reader);
}

static struct reader *open_reader(struct srv_sqlite_readers *readers, struct base_err *err)
{
    sqlite3 *db = srv_sqlite_connect(readers->path, SQLITE_OPEN_READONLY, err);
    if (db == NULL) {
        return NULL;
    }
    sqlite3_stmt *find_table = srv_sqlite_prepare(
        db, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'doc_' || ?1", "", err);
    if (find_table == NULL) {
        sqlite3_close(db);
        return NULL;
    }
    struct reader *reader = base_calloc(1, sizeof *reader);
    reader->readers = readers;
    reader->db = db;
    reader->find_table = find_table;
    base_buf_init(&reader->answer, SRV_READ_CACHE_ANSWER_BYTES_MAX);
    srv_read_cache_init(&reader->cache);
    pthread_mutex_lock(&readers->mutex);
    reader->next = readers->all;
    readers->all = reader;
    pthread_mutex_unlock(&readers->mutex);
    pthread_setspecific(readers->mine, reader);
    return reader;
}

/* The calling thread's reader, opened at its first use; NULL when that fails. */
static struct reader *reader_of(struct srv_store *self, struct base_err *err)
{
    struct srv_sqlite_readers *readers = ((struct srv_sqlite_store *)self)->readers;
    struct reader *reader = pthread_getspecific(readers->mine);
    return reader != NULL ? reader : open_reader(readers, err);
}

static bool has_table(struct reader *reader, const struct srv_collection *collection,
                      bool *out_has_table, struct base_err *err)
{
    sqlite3_bind_text(reader->find_table, 1, collection->name, -1, SQLITE_STATIC);
    int code = sqlite3_step(reader->find_table);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        srv_sqlite_fail(reader->db, code, "looking for a table", err);
    }
    sqlite3_reset(reader->find_table);
    *out_has_table = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

static bool prepare_table(struct reader *reader, const struct srv_collection *collection,
                          struct reader_table *out_table, struct base_err *err)
{
#define COLUMNS "key, coalesce(body, (SELECT l.body FROM large l WHERE l.id = large))"
    const char *name = collection->name;
    struct reader_table table = {
        .collection = collection,
        .get = srv_sqlite_prepare(reader->db, "SELECT " COLUMNS " FROM doc_%s WHERE key = ?1", name,
                                  err),
        .list = srv_sqlite_prepare(
            reader->db, "SELECT " COLUMNS " FROM doc_%s ORDER BY key LIMIT ?2", name, err),
        .list_after = srv_sqlite_prepare(
            reader->db, "SELECT " COLUMNS " FROM doc_%s WHERE key > ?1 ORDER BY key LIMIT ?2", name,
            err),
    };
#undef COLUMNS
    if (table.get == NULL || table.list == NULL || table.list_after == NULL) {
        finalize_table(&table);
        return false;
    }
    *out_table = table;
    return true;
}

/* The statements on `collection`, in *out_table; NULL there while it has no table, which is how a
 * collection without a first document looks. */
static bool table_of(struct reader *reader, const struct srv_collection *collection,
                     struct reader_table **out_table, struct base_err *err)
{
    for (size_t i = 0; i < reader->table_count; i++) {
        if (reader->tables[i].collection == collection) {
            *out_table = &reader->tables[i];
            return true;
        }
    }
    bool is_there;
    if (!has_table(reader, collection, &is_there, err)) {
        return false;
    }
    if (!is_there) {
        *out_table = NULL;
        return true;
    }
    assert(reader->table_count < SRV_SQLITE_COLLECTIONS_MAX);
    *out_table = &reader->tables[reader->table_count];
    if (!prepare_table(reader, collection, *out_table, err)) {
        return false;
    }
    reader->table_count++;
    return true;
}

/* Copies for as long as the call lives what its owner will overwrite. */
static bool copy_bytes(struct rpc_context *ctx, struct base_str *bytes, struct base_err *err)
{
    return base_arena_copy(&ctx->arena, *bytes, bytes) ||
           base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the answer needs too much memory");
}

/* Gives the document of `body`, which does not live long. */
static bool give_document(struct rpc_context *ctx, const struct srv_read_question *question,
                          struct base_str body, enum srv_form form, bool is_checked,
                          ProtobufCMessage **out_message, struct base_err *err)
{
    return (form == SRV_OPEN || copy_bytes(ctx, &body, err)) &&
           srv_document_open(ctx, question->collection, question->key, body, form, is_checked,
                             out_message, err);
}

/* Gives the document `statement` stands on. Damage to the file may have left it without a body. */
static bool read_row(struct rpc_context *ctx, const struct srv_read_question *question,
                     sqlite3_stmt *statement, enum srv_form form, ProtobufCMessage **out_message,
                     struct base_err *err)
{
    if (sqlite3_column_type(statement, 1) != SQLITE_BLOB) {
        return srv_document_damaged(question->collection, question->key, err);
    }
    return give_document(ctx, question, srv_sqlite_column(statement, 1), form, false, out_message,
                         err);
}

static bool get_from_file(struct reader *reader, struct rpc_context *ctx,
                          const struct srv_read_question *question, enum srv_form form,
                          ProtobufCMessage **out_message, struct base_err *err)
{
    struct reader_table *table;
    if (!table_of(reader, question->collection, &table, err)) {
        return false;
    }
    if (table == NULL) {
        return srv_document_not_found(question->collection, question->key, err);
    }
    srv_sqlite_bind_key(table->get, 1, question->key);
    int code = sqlite3_step(table->get);
    bool ok = false;
    if (code == SQLITE_ROW) {
        ok = read_row(ctx, question, table->get, form, out_message, err);
        if (ok) {
            remember(reader, question, srv_sqlite_column(table->get, 1));
        }
    } else if (code == SQLITE_DONE) {
        srv_document_not_found(question->collection, question->key, err);
    } else {
        srv_sqlite_fail(reader->db, code, "getting a document", err);
    }
    sqlite3_reset(table->get);
    return ok;
}

bool srv_sqlite_get(struct srv_store *self, struct rpc_context *ctx,
                    const struct srv_collection *collection, struct srv_key key, enum srv_form form,
                    ProtobufCMessage **out_message, struct base_err *err)
{
    if (!srv_document_check_key(collection, key, err) || !rpc_context_check(ctx, err)) {
        return false;
    }
    struct reader *reader = reader_of(self, err);
    if (reader == NULL) {
        return false;
    }
    struct srv_read_question question = {.collection = collection, .key = key};
    struct base_str body;
    refresh(reader);
    if (srv_read_cache_find(&reader->cache, &question, &body)) {
        return give_document(ctx, &question, body, form, true, out_message, err);
    }
    return get_from_file(reader, ctx, &question, form, out_message, err);
}

/* A page as it is being filled. */
struct filling {
    struct rpc_context *ctx;
    const struct srv_collection *collection;
    enum srv_form form;
    struct srv_page page;
    size_t capacity;
    size_t body_bytes;
};

static bool grow_page(struct filling *filling, struct base_err *err)
{
    size_t capacity = filling->capacity == 0 ? PAGE_DOCUMENTS_FIRST : filling->capacity * 2;
    struct srv_document *documents =
        rpc_context_alloc(filling->ctx, capacity * sizeof *documents, err);
    if (documents == NULL) {
        return false;
    }
    if (filling->page.count > 0) {
        memcpy(documents, filling->page.documents, filling->page.count * sizeof *documents);
    }
    filling->page.documents = documents;
    filling->capacity = capacity;
    return true;
}

/* Adds a document to the page's end; key and body live as long as the call. */
static bool add_document(struct filling *filling, struct srv_key key, struct base_str body,
                         bool is_checked, struct base_err *err)
{
    if (filling->page.count == filling->capacity && !grow_page(filling, err)) {
        return false;
    }
    struct srv_document *document = &filling->page.documents[filling->page.count];
    document->key = key;
    if (!srv_document_open(filling->ctx, filling->collection, key, body, filling->form, is_checked,
                           &document->message, err)) {
        return false;
    }
    filling->page.count++;
    filling->body_bytes += body.len;
    return true;
}

/* A document in a remembered page; then follow the key's text and the body. */
struct record {
    int64_t number;
    uint32_t text_len;
    uint32_t body_len;
};

static bool append_record(struct base_buf *answer, struct srv_key key, struct base_str body)
{
    struct record record = {key.number, (uint32_t)key.text.len, (uint32_t)body.len};
    return base_buf_append(answer, &record, sizeof record) &&
           base_buf_append_str(answer, key.text) && base_buf_append_str(answer, body);
}

static bool page_from_answer(struct filling *filling, struct base_str answer, struct base_err *err)
{
    if (!copy_bytes(filling->ctx, &answer, err)) {
        return false;
    }
    const char *next = answer.data;
    const char *end = answer.data + answer.len - 1; /* the last byte tells has_more */
    while (next < end) {
        struct record record;
        memcpy(&record, next, sizeof record);
        next += sizeof record;
        struct srv_key key = {.kind = filling->collection->key_kind,
                              .number = record.number,
                              .text = base_str_make(next, record.text_len)};
        struct base_str body = base_str_make(next + record.text_len, record.body_len);
        next = body.data + body.len;
        if (!add_document(filling, key, body, true, err)) {
            return false;
        }
    }
    filling->page.has_more = *end != 0;
    return true;
}

static struct srv_key column_key(sqlite3_stmt *statement, enum srv_key_kind kind)
{
    return kind == SRV_KEY_NUMBER ? srv_key_number(sqlite3_column_int64(statement, 0))
                                  : srv_key_text(srv_sqlite_column(statement, 0));
}

enum row { ROW_ADDED, ROW_LEFT, ROW_FAILED };

/* Adds the document `statement` stands on, unless the page is full. */
static enum row add_row(struct reader *reader, struct filling *filling, size_t limit,
                        sqlite3_stmt *statement, bool *remembers, struct base_err *err)
{
    struct srv_key key = column_key(statement, filling->collection->key_kind);
    if (sqlite3_column_type(statement, 1) != SQLITE_BLOB) {
        srv_document_damaged(filling->collection, key, err);
        return ROW_FAILED;
    }
    struct base_str body = srv_sqlite_column(statement, 1);
    if (filling->page.count == limit ||
        (filling->page.count > 0 && filling->body_bytes + body.len > SRV_STORE_LIST_BYTES_MAX)) {
        return ROW_LEFT;
    }
    *remembers = *remembers && append_record(&reader->answer, key, body);
    bool ok = (key.kind == SRV_KEY_NUMBER || copy_bytes(filling->ctx, &key.text, err)) &&
              (filling->form == SRV_OPEN || copy_bytes(filling->ctx, &body, err)) &&
              add_document(filling, key, body, false, err);
    return ok ? ROW_ADDED : ROW_FAILED;
}

static bool page_from_statement(struct reader *reader, const struct srv_read_question *question,
                                sqlite3_stmt *statement, struct filling *filling,
                                struct base_err *err)
{
    bool remembers = true;
    base_buf_reset(&reader->answer, SRV_READ_CACHE_ANSWER_BYTES_MAX);
    for (;;) {
        int code = sqlite3_step(statement);
        if (code == SQLITE_DONE) {
            break;
        }
        if (code != SQLITE_ROW) {
            return srv_sqlite_fail(reader->db, code, "listing documents", err);
        }
        enum row row = add_row(reader, filling, question->limit, statement, &remembers, err);
        if (row == ROW_FAILED) {
            return false;
        }
        if (row == ROW_LEFT) {
            filling->page.has_more = true;
            break;
        }
    }
    if (remembers && base_buf_append_char(&reader->answer, filling->page.has_more ? 1 : 0)) {
        remember(reader, question, base_buf_str(&reader->answer));
    }
    return true;
}

static bool list_from_file(struct reader *reader, const struct srv_read_question *question,
                           struct filling *filling, struct base_err *err)
{
    struct reader_table *table;
    if (!table_of(reader, question->collection, &table, err)) {
        return false;
    }
    if (table == NULL) {
        return true;
    }
    sqlite3_stmt *statement = table->list;
    if (!question->from_start) {
        statement = table->list_after;
        srv_sqlite_bind_key(statement, 1, question->key);
    }
    /* One more tells whether there is more. */
    sqlite3_bind_int64(statement, 2, (int64_t)question->limit + 1);
    bool ok = page_from_statement(reader, question, statement, filling, err);
    sqlite3_reset(statement);
    return ok;
}

bool srv_sqlite_list(struct srv_store *self, struct rpc_context *ctx,
                     const struct srv_collection *collection, const struct srv_key *after,
                     size_t limit, enum srv_form form, struct srv_page *out_page,
                     struct base_err *err)
{
    assert(limit >= 1 && limit <= SRV_STORE_LIST_MAX);
    if ((after != NULL && !srv_document_check_key(collection, *after, err)) ||
        !rpc_context_check(ctx, err)) {
        return false;
    }
    struct reader *reader = reader_of(self, err);
    if (reader == NULL) {
        return false;
    }
    struct srv_read_question question = {
        .collection = collection, .limit = limit, .from_start = after == NULL};
    if (after != NULL) {
        question.key = *after;
    }
    struct filling filling = {.ctx = ctx, .collection = collection, .form = form};
    struct base_str answer;
    refresh(reader);
    bool ok = srv_read_cache_find(&reader->cache, &question, &answer)
                  ? page_from_answer(&filling, answer, err)
                  : list_from_file(reader, &question, &filling, err);
    if (ok) {
        *out_page = filling.page;
    }
    return ok;
}

/* Maps the shared index of the write-ahead log through the connection's own file, which SQLite
 * offers to extensions; a second descriptor of ours would, when closed, drop SQLite's
 * POSIX locks. */
static const _Atomic uint32_t *map_wal_index(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    volatile void *region = NULL;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file == NULL || file->pMethods == NULL || file->pMethods->iVersion < 2 ||
        file->pMethods->xShmMap(file, 0, WAL_INDEX_REGION_BYTES, 0, &region) != SQLITE_OK) {
        return NULL;
    }
    const _Atomic uint32_t *words = (const _Atomic uint32_t *)region;
    return words != NULL && atomic_load(&words[0]) == WAL_INDEX_VERSION ? words : NULL;
}

struct srv_sqlite_readers *srv_sqlite_readers_create(sqlite3 *db, struct base_err *err)
{
    /* The index is there once something has been read. */
    if (!srv_sqlite_exec(db, "SELECT 1 FROM sqlite_schema LIMIT 1", err)) {
        return NULL;
    }
    const _Atomic uint32_t *wal_index = map_wal_index(db);
    if (wal_index == NULL) {
        base_err_set(err, BASE_UNAVAILABLE,
                     "this SQLite shares its write-ahead log in a way "
                     "Tollgate does not know");
        return NULL;
    }
    struct srv_sqlite_readers *readers = base_calloc(1, sizeof *readers);
    const char *path = sqlite3_db_filename(db, "main");
    readers->path = base_alloc(strlen(path) + 1);
    memcpy(readers->path, path, strlen(path) + 1);
    readers->wal_index = wal_index;
    pthread_mutex_init(&readers->mutex, NULL);
    int failure = pthread_key_create(&readers->mine, on_thread_end);
    assert(failure == 0);
    return readers;
}

void srv_sqlite_readers_destroy(struct srv_sqlite_readers *readers)
{
    if (readers == NULL) {
        return;
    }
    pthread_key_delete(readers->mine);
    for (struct reader *reader = readers->all, *next; reader != NULL; reader = next) {
        next = reader->next;
        close_reader(reader);
    }
    pthread_mutex_destroy(&readers->mutex);
    base_free(readers->path);
    base_free(readers);
}
