#include "sqlite_file.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static char path[80];
static sqlite3 *locker;

static void fail(const char *what, sqlite3 *db)
{
    fprintf(stderr, "%s: %s\n", what, db == NULL ? "failed" : sqlite3_errmsg(db));
    abort();
}

void sqlite_file_remove(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    if (folder[0] == '\0') {
        return;
    }
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
    rmdir(folder);
    folder[0] = '\0';
}

void sqlite_file_renew(void)
{
    sqlite_file_remove();
    const char *parent = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/tollgate-store-XXXXXX", parent == NULL ? "/tmp" : parent);
    if (mkdtemp(folder) == NULL) {
        fail("mkdtemp", NULL);
    }
    snprintf(path, sizeof path, "%s/store.db", folder);
}

const char *sqlite_file_path(void)
{
    return path;
}

static sqlite3 *open_file(void)
{
    sqlite3 *db;
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        fail("open", db);
    }
    sqlite3_busy_timeout(db, 5000);
    return db;
}

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail(sql, db);
    }
}

void sqlite_file_exec(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *sql = sqlite3_vmprintf(format, args);
    va_end(args);
    sqlite3 *db = open_file();
    run(db, sql);
    sqlite3_close(db);
    sqlite3_free(sql);
}

int64_t sqlite_file_number(const char *sql)
{
    sqlite3 *db = open_file();
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        fail(sql, db);
    }
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

void sqlite_file_lock(void)
{
    locker = open_file();
    run(locker, "BEGIN IMMEDIATE");
}

void sqlite_file_unlock(void)
{
    run(locker, "COMMIT");
    sqlite3_close(locker);
    locker = NULL;
}
