#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Bytes of one read. */
#define CHUNK_BYTES 16384

/* Reads to the end. Sets errno where that fails, EFBIG past the buffer's maximum. */
static bool read_all(int fd, struct base_buf *out)
{
    char chunk[CHUNK_BYTES];
    ssize_t got;
    while ((got = read(fd, chunk, sizeof chunk)) != 0) {
        if (got < 0 && errno != EINTR) {
            return false;
        }
        if (got > 0 && !base_buf_append(out, chunk, (size_t)got)) {
            errno = EFBIG;
            return false;
        }
    }
    return true;
}

static bool fail(const char *name, int failure, const struct base_buf *out, struct base_err *err)
{
    return failure == EFBIG ? base_err_set(err, BASE_INVALID_ARGUMENT, "%s has more than %zu bytes",
                                           name, out->max_bytes)
                            : base_err_set(err, BASE_INVALID_ARGUMENT, "cannot read %s: %s", name,
                                           strerror(failure));
}

bool base_file_read(const char *path, struct base_buf *out, struct base_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool fine = fd >= 0 && read_all(fd, out);
    int failure = errno;
    if (fd >= 0) {
        close(fd);
    }
    return fine || fail(path, failure, out, err);
}

bool base_file_read_stdin(struct base_buf *out, struct base_err *err)
{
    return read_all(STDIN_FILENO, out) || fail("standard input", errno, out, err);
}
