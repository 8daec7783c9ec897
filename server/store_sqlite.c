/* Opening is where a file is accepted or refused. It is changed only when it is ours or empty: the
 * switch to write-ahead logging is the first change, and comes after the checks. Two processes may
 * make a new file at once; the transaction that writes the tables decides, and the other finds the
 * work done.
 *
 * Client-visible errors say what is wrong with the store and no more; SQLite's own words go to the
 * log. */
#include "server/store_sqlite_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Permissions of a new file, as SQLite has them. */
#define FILE_MODE 0644

/* "TGL8", in the file's header (https://www.sqlite.org/fileformat2.html section 1.3.13). */
#define APPLICATION_ID 0x54474C38
#define VERSION 1

/* Kibibytes of pages a connection keeps. */
#define CACHE_KIB "2048"

/* A write-ahead log that a large transaction has blown up is cut back to this when it
 * starts over. */
#define WAL_BYTES_KEPT "33554432"

/* Waits of a reader for another process that recovers the log, and of opening. */
#define CONNECT_BUSY_MS 5000

static const char schema_sql[] =
    "CREATE TABLE IF NOT EXISTS counters("
    " name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS large(id INTEGER PRIMARY KEY, body BLOB NOT NULL);";

struct failure {
    int code;
    enum base_code err_code;
    const char *message;
};

static const struct failure failures[] = {
    {SQLITE_FULL, BASE_RESOURCE_EXHAUSTED, "the store's disk is full"},
    {SQLITE_TOOBIG, BASE_RESOURCE_EXHAUSTED, "the document is too large for the store"},
    {SQLITE_BUSY, BASE_UNAVAILABLE, "the store is busy"},
    {SQLITE_LOCKED, BASE_UNAVAILABLE, "the store is busy"},
    {SQLITE_PROTOCOL, BASE_UNAVAILABLE, "the store is busy"},
    {SQLITE_READONLY, BASE_UNAVAILABLE, "the store cannot be written"},
    {SQLITE_IOERR, BASE_UNAVAILABLE, "the store cannot use its disk"},
    {SQLITE_CANTOPEN, BASE_UNAVAILABLE, "the store's file cannot be opened"},
    {SQLITE_CORRUPT, BASE_DATA_LOSS, "the store's file is damaged"},
    {SQLITE_NOTADB, BASE_DATA_LOSS, "the store's file is damaged"},
};
static const struct failure other_failure = {0, BASE_INTERNAL, "the store failed"};

static const struct failure *failure_of(int code)
{
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        if (failures[i].code == (code & 0xFF)) {
            return &failures[i];
        }
    }
    return &other_failure;
}

bool srv_sqlite_fail(sqlite3 *db, int code, const char *doing, struct base_err *err)
{
    const struct failure *failure = failure_of(code);
    char number[16];
    int reason = sqlite3_system_errno(db);
    snprintf(number, sizeof number, "%d", sqlite3_extended_errcode(db));
    /* Where the system gave no reason, the pairs end before it. */
    base_log(BASE_LOG_ERROR, "store failed", "while", doing, "reason", sqlite3_errmsg(db), "sqlite",
             number, reason != 0 ? "errno" : NULL, strerror(reason), NULL);
    return base_err_set(err, failure->err_code, "%s", failure->message);
}

bool srv_sqlite_exec(sqlite3 *db, const char *sql, struct base_err *err)
{
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK || srv_sqlite_fail(db, code, sql, err);
}

sqlite3_stmt *srv_sqlite_prepare(sqlite3 *db, const char *sql, const char *name,
                                 struct base_err *err)
{
    char *text = sqlite3_mprintf(sql, name);
    sqlite3_stmt *statement = NULL;
    int code = text == NULL
                   ? SQLITE_NOMEM
                   : sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    sqlite3_free(text);
    if (code != SQLITE_OK) {
        srv_sqlite_fail(db, code, "preparing", err);
    }
    return statement;
}

void srv_sqlite_bind_key(sqlite3_stmt *statement, int index, struct srv_key key)
{
    if (key.kind == SRV_KEY_NUMBER) {
        sqlite3_bind_int64(statement, index, key.number);
    } else {
        /* A NULL pointer would bind NULL, which equals nothing. */
        const char *data = key.text.data == NULL ? "" : key.text.data;
        sqlite3_bind_text(statement, index, data, (int)key.text.len, SQLITE_STATIC);
    }
}

struct base_str srv_sqlite_column(sqlite3_stmt *statement, int index)
{
    const char *data = sqlite3_column_blob(statement, index);
    return base_str_make(data, (size_t)sqlite3_column_bytes(statement, index));
}

sqlite3 *srv_sqlite_connect(const char *path, int flags, struct base_err *err)
{
    sqlite3 *db = NULL;
    int code =
        sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK) {
        int reason = db == NULL ? ENOMEM : sqlite3_system_errno(db);
        base_err_set(err, BASE_UNAVAILABLE, "cannot open %s: %s", path,
                     reason != 0 ? strerror(reason) : sqlite3_errstr(code));
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_busy_timeout(db, CONNECT_BUSY_MS);
    return db;
}

static bool read_number(sqlite3 *db, const char *path, const char *sql, int64_t *out_number,
                        struct base_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    if (code == SQLITE_ROW) {
        *out_number = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    if (code == SQLITE_NOTADB) {
        return base_err_set(err, BASE_FAILED_PRECONDITION, "%s is not a Tollgate store", path);
    }
    if (code != SQLITE_ROW) {
        srv_sqlite_fail(db, code, sql, err);
        return base_err_wrap(err, "cannot open %s", path);
    }
    return true;
}

/* Whether the file is a store of ours, or empty and so may become one. All of it is read of one
 * moment: another process may be making the file a store just now. */
static bool check_ours(sqlite3 *db, const char *path, bool *out_empty, struct base_err *err)
{
    int64_t application_id = 0;
    int64_t version = 0;
    int64_t tables = 0;
    if (!srv_sqlite_exec(db, "BEGIN", err) ||
        !read_number(db, path, "SELECT count(*) FROM sqlite_schema", &tables, err) ||
        !read_number(db, path, "PRAGMA application_id", &application_id, err) ||
        !read_number(db, path, "PRAGMA user_version", &version, err) ||
        !srv_sqlite_exec(db, "COMMIT", err)) {
        return false;
    }
    *out_empty = application_id == 0 && version == 0 && tables == 0;
    if (!*out_empty && application_id != APPLICATION_ID) {
        return base_err_set(err, BASE_FAILED_PRECONDITION,
                            "%s is another program's database, not a Tollgate store", path);
    }
    if (version > VERSION) {
        return base_err_set(err, BASE_FAILED_PRECONDITION,
                            "%s is a Tollgate store of version %" PRId64
                            "; this program knows versions up to %d",
                            path, version, VERSION);
    }
    return true;
}

static bool write_schema(sqlite3 *db, struct base_err *err)
{
    char header_sql[96];
    snprintf(header_sql, sizeof header_sql, "PRAGMA application_id=%d; PRAGMA user_version=%d;",
             APPLICATION_ID, VERSION);
    return srv_sqlite_exec(db, "BEGIN IMMEDIATE", err) && srv_sqlite_exec(db, schema_sql, err) &&
           srv_sqlite_exec(db, header_sql, err) && srv_sqlite_exec(db, "COMMIT", err);
}

static bool use_wal(sqlite3 *db, const char *path, struct base_err *err)
{
    sqlite3_stmt *statement = NULL;
    int64_t begun_ns = base_clock_monotonic_ns();
    int code;
    /* SQLite does not call the busy handler while another process makes the same switch. */
    do {
        code = sqlite3_prepare_v2(db, "PRAGMA journal_mode=WAL", -1, &statement, NULL);
        code = code == SQLITE_OK ? sqlite3_step(statement) : code;
        if (code != SQLITE_ROW) {
            sqlite3_finalize(statement);
            statement = NULL;
            sqlite3_sleep(1);
        }
    } while ((code & 0xFF) == SQLITE_BUSY &&
             base_clock_monotonic_ns() - begun_ns < CONNECT_BUSY_MS * BASE_NS_PER_MS);
    if (code != SQLITE_ROW) {
        srv_sqlite_fail(db, code, "switching to write-ahead logging", err);
        return base_err_wrap(err, "cannot open %s", path);
    }
    bool is_wal = base_str_eq(srv_sqlite_column(statement, 0), BASE_STR("wal"));
    sqlite3_finalize(statement);
    return is_wal || base_err_set(err, BASE_FAILED_PRECONDITION,
                                  "cannot open %s: its file system has no shared memory for "
                                  "write-ahead logging",
                                  path);
}

static bool prepare_file(sqlite3 *db, const char *path, struct base_err *err)
{
    bool is_empty = false;
    if (sqlite3_db_readonly(db, "main") == 1) {
        return base_err_set(err, BASE_UNAVAILABLE, "cannot open %s: it cannot be written", path);
    }
    if (!check_ours(db, path, &is_empty, err) || !use_wal(db, path, err) ||
        !srv_sqlite_exec(db,
                         "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
                         "PRAGMA cache_size=-" CACHE_KIB
                         "; PRAGMA journal_size_limit=" WAL_BYTES_KEPT,
                         err)) {
        return false;
    }
    return !is_empty || write_schema(db, err);
}

/* SQLite makes a file that is not there, but where it cannot, it tells of its second try, to open
 * it for reading: that there is no such file. */
static bool make_file(const char *path, struct base_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return base_err_set(err, BASE_UNAVAILABLE, "cannot open %s: %s", path, strerror(errno));
    }
    close(fd);
    return true;
}

static sqlite3 *open_file(const char *path, struct base_err *err)
{
    struct stat status;
    if (path[0] == '\0') {
        base_err_set(err, BASE_INVALID_ARGUMENT, "the store's file has no name");
        return NULL;
    }
    bool is_there = stat(path, &status) == 0;
    if (is_there && !S_ISREG(status.st_mode)) {
        base_err_set(err, BASE_UNAVAILABLE, "cannot open %s: it is not a regular file", path);
        return NULL;
    }
    if (!is_there && !make_file(path, err)) {
        return NULL;
    }
    /* "./" keeps a name from being read as a URI or as ":memory:". */
    char *name = sqlite3_mprintf("%s%s", path[0] == '/' ? "" : "./", path);
    sqlite3 *db = srv_sqlite_connect(name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    sqlite3_free(name);
    if (db != NULL && !prepare_file(db, path, err)) {
        sqlite3_close(db);
        return NULL;
    }
    return db;
}

static void close_store(struct srv_store *self)
{
    struct srv_sqlite_store *store = (struct srv_sqlite_store *)self;
    /* Readers first: the last connection to close moves the log into the file. */
    srv_sqlite_readers_destroy(store->readers);
    srv_sqlite_writer_destroy(store->writer);
    sqlite3_close(store->db);
    base_free(store);
}

static const struct srv_store_ops ops = {
    .get = srv_sqlite_get,
    .insert = srv_sqlite_insert,
    .list = srv_sqlite_list,
    .remove = srv_sqlite_remove,
    .update = srv_sqlite_update,
    .next_id = srv_sqlite_next_id,
    .reserve = srv_sqlite_reserve,
    .release = srv_sqlite_release,
    .close = close_store,
};

/* Counting every allocation under a process-wide lock costs more than a row's lookup. Refused once
 * anything else of SQLite has been called, be it sqlite3_mprintf; then it counts, and works. */
static void configure_library(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct srv_store *srv_store_sqlite_open(const char *path, struct base_err *err)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    pthread_once(&configured, configure_library);
    sqlite3 *db = open_file(path, err);
    if (db == NULL) {
        return NULL;
    }
    struct srv_sqlite_store *store = base_alloc(sizeof *store);
    *store = (struct srv_sqlite_store){
        .base = {.ops = &ops, .inline_reads = true},
        .db = db,
        .readers = srv_sqlite_readers_create(db, err),
    };
    if (store->readers != NULL) {
        store->writer = srv_sqlite_writer_create(db, err);
    }
    if (store->writer == NULL) {
        close_store(&store->base);
        return NULL;
    }
    return &store->base;
}

struct srv_store_sqlite_stats srv_store_sqlite_stats(struct srv_store *store)
{
    return srv_sqlite_writer_stats(((struct srv_sqlite_store *)store)->writer);
}
