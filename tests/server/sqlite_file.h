/* A temporary database file, and a look into it behind the store's back. One thread. */
#ifndef SERVER_SQLITE_FILE_H
#define SERVER_SQLITE_FILE_H

#include <stdint.h>

/* Starts a new path that has no file yet; what was there before is removed. */
void sqlite_file_renew(void);

/* The present path. */
const char *sqlite_file_path(void);

/* Removes the present path's files and their folder. */
void sqlite_file_remove(void);

/* Runs SQL on the file over a connection of its own; fails the program when that fails. */
void sqlite_file_exec(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The one number a query gives. */
int64_t sqlite_file_number(const char *sql);

/* Takes the write lock, as another process would, and lets it go. */
void sqlite_file_lock(void);
void sqlite_file_unlock(void);

#endif
