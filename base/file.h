/* File: a whole file's bytes, for what is read at start-up or on a reload. Blocks.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* Appends the bytes of the file at `path` to `out`. Fails with INVALID_ARGUMENT, naming the file,
 * when it cannot be read or holds more than the buffer's maximum; then what `out` holds is not
 * said. Any thread that may block. */
bool base_file_read(const char *path, struct base_buf *out, struct base_err *err) BASE_MUST_CHECK;

/* The same of what is left of standard input. */
bool base_file_read_stdin(struct base_buf *out, struct base_err *err) BASE_MUST_CHECK;

#endif
