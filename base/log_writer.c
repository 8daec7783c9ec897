/* Two buffers: everyone fills one while the thread writes the other.
 *
 * A write to a pipe that poll says has room does not wait as long as it is of no more than PIPE_BUF
 * bytes. So the thread always comes back to see whether it shall end, however long nobody reads. */
#include "base/log_writer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

_Static_assert(BASE_LOG_LINE_SIZE <= PIPE_BUF, "a line is written in one go");

/* How often a thread that cannot write looks whether it shall end. */
#define LOOK_MS 50

static struct {
    pthread_mutex_t lock; /* of the fields up to the thread */
    pthread_cond_t changed;
    bool is_running;
    bool is_stopping;
    char *waiting; /* owned */
    size_t waiting_len;
    size_t dropped_count; /* lines, since it was last told */
    pthread_t thread;
    char *writing;           /* owned; the thread's */
    atomic_llong give_up_ns; /* base_clock_monotonic_ns; BASE_NEVER_NS until it shall end */
} writer = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* ---- Writing ---- */

/* The length of the whole lines at the start of `text` that can be written in one go. */
static size_t piece_of(const char *text, size_t len)
{
    if (len <= PIPE_BUF) {
        return len;
    }
    const char *newline = memrchr(text, '\n', PIPE_BUF);
    return newline != NULL ? (size_t)(newline - text) + 1 : PIPE_BUF;
}

/* Returns false when it is time to give up, be there room or not: a slow reader always has some. */
static bool wait_for_room(void)
{
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    while (base_clock_monotonic_ns() < atomic_load(&writer.give_up_ns)) {
        if (poll(&room, 1, LOOK_MS) > 0) {
            return true;
        }
    }
    return false;
}

/* What cannot be written is lost: there is nowhere left to say so. */
static void write_patiently(const char *text, size_t len)
{
    while (len > 0 && wait_for_room()) {
        ssize_t written = write(STDERR_FILENO, text, piece_of(text, len));
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            return;
        }
        if (written > 0) {
            text += written;
            len -= (size_t)written;
        }
    }
}

static void tell_dropped(size_t count)
{
    struct base_log_line line;
    base_log_begin(&line, BASE_LOG_WARN, "log lines dropped");
    base_log_put_number(&line, "count", count);
    struct base_str whole = base_log_end(&line);
    write_patiently(whole.data, whole.len);
}

/* ---- The thread ---- */

/* Takes what waits into `writing`. Returns false when it shall end and nothing is left. */
static bool take(size_t *out_len, size_t *out_dropped)
{
    pthread_mutex_lock(&writer.lock);
    while (writer.waiting_len == 0 && !writer.is_stopping) {
        pthread_cond_wait(&writer.changed, &writer.lock);
    }
    char *taken = writer.waiting;
    writer.waiting = writer.writing;
    writer.writing = taken;
    *out_len = writer.waiting_len;
    *out_dropped = writer.dropped_count;
    writer.waiting_len = 0;
    writer.dropped_count = 0;
    pthread_mutex_unlock(&writer.lock);
    return *out_len > 0;
}

static void *run(void *argument)
{
    (void)argument;
    size_t len;
    size_t dropped;
    while (take(&len, &dropped)) {
        write_patiently(writer.writing, len);
        if (dropped > 0) {
            tell_dropped(dropped);
        }
    }
    return NULL;
}

void base_log_writer_start(void)
{
    assert(!writer.is_running);
    writer.waiting = base_alloc(BASE_LOG_WRITER_BYTES);
    writer.writing = base_alloc(BASE_LOG_WRITER_BYTES);
    atomic_store(&writer.give_up_ns, BASE_NEVER_NS);
    pthread_mutex_lock(&writer.lock);
    writer.is_running = true;
    writer.is_stopping = false;
    pthread_mutex_unlock(&writer.lock);
    base_thread_start(&writer.thread, run, NULL);
}

void base_log_writer_stop(void)
{
    atomic_store(&writer.give_up_ns,
                 base_clock_monotonic_ns() + BASE_LOG_WRITER_STOP_MS * BASE_NS_PER_MS);
    pthread_mutex_lock(&writer.lock);
    writer.is_running = false;
    writer.is_stopping = true;
    pthread_cond_signal(&writer.changed);
    pthread_mutex_unlock(&writer.lock);
    pthread_join(writer.thread, NULL);
    base_free(writer.waiting);
    base_free(writer.writing);
}

/* ---- Logging ---- */

static size_t lines_in(struct base_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += text.data[i] == '\n';
    }
    return count;
}

void base_log_write(struct base_str lines)
{
    pthread_mutex_lock(&writer.lock);
    bool is_running = writer.is_running;
    if (is_running && lines.len <= BASE_LOG_WRITER_BYTES - writer.waiting_len) {
        memcpy(writer.waiting + writer.waiting_len, lines.data, lines.len);
        writer.waiting_len += lines.len;
        pthread_cond_signal(&writer.changed);
    } else if (is_running) {
        writer.dropped_count += lines_in(lines);
    }
    pthread_mutex_unlock(&writer.lock);
    if (!is_running) {
        ssize_t written = write(STDERR_FILENO, lines.data, lines.len);
        (void)written; /* there is nowhere left to say that the log is gone */
    }
}

void base_log_write_now(struct base_str line)
{
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&room, 1, 0) > 0) {
        ssize_t written = write(STDERR_FILENO, line.data, line.len);
        (void)written;
    }
}
