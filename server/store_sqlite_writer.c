/* One thread writes. An operation lives on its caller's stack and waits in a queue; the thread
 * takes the file's write lock, then all that waits, runs it in one transaction and answers each
 * once the commit is on disk. While one group is being synced the next one gathers, so the group's
 * size follows the load by itself.
 *
 * Inside a group there are no savepoints. An operation that is refused (ALREADY_EXISTS, NOT_FOUND,
 * a mutation that says no) is refused before it has written anything. One that fails in SQLite
 * takes the transaction with it: the group is rolled back and each of its operations runs again
 * alone, so that what cannot be done (a document the disk has no room for) does not fail its
 * neighbours. When COMMIT fails, all of the group fail: nothing is acknowledged that might not be
 * on disk.
 *
 * A caller sleeps while its operation runs, so the writer may use its context and arena: the
 * queue's mutex hands them over and back. */
#include "server/store_sqlite_changes.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/role.h"
#include "base/thread.h"
#include "server/document.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

/* Bytes of inserted documents in one transaction, save that one operation always fits. What updates
 * write is not known before they run: it is bounded by their number. */
#define GROUP_BYTES_MAX (size_t)(16 * 1024 * 1024)

/* Between two attempts to get the write lock from another process. SQLite's own handler sleeps up
 * to 100 ms, in which the other may commit dozens of times. */
#define LOCK_RETRY_NS 500000

/* Waits for readers before the log can start over; the next attempt comes a thousand pages on. Long
 * enough for any read of ours; another program that reads longer slows the writer, or the log would
 * outgrow the disk. */
#define RESTART_WAIT_MS 1000

struct srv_sqlite_writer {
    /* The thread's own. */
    sqlite3 *db;
    struct srv_sqlite_changes changes;
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    int64_t busy_until_ns;
    int wal_pages;
    int checkpoint_at_pages;

    pthread_t thread;
    pthread_mutex_t mutex; /* over what follows, and is_queued of each op */
    pthread_cond_t work;
    struct srv_sqlite_op *first;
    struct srv_sqlite_op **end;
    size_t queued;
    bool closing;

    atomic_uint_least64_t groups;
    atomic_uint_least64_t operations;
    atomic_uint_least64_t wal_pages_seen;
};

/* Called by SQLite while another connection holds a lock; 0 gives up. */
static int on_busy(void *user, int attempts)
{
    struct srv_sqlite_writer *writer = user;
    (void)attempts;
    if (base_clock_monotonic_ns() >= writer->busy_until_ns) {
        return 0;
    }
    nanosleep(&(struct timespec){.tv_nsec = LOCK_RETRY_NS}, NULL);
    return 1;
}

static void allow_busy_ms(struct srv_sqlite_writer *writer, int64_t wait_ms)
{
    writer->busy_until_ns = base_clock_monotonic_ns() + wait_ms * BASE_NS_PER_MS;
}

/* Called by SQLite after each commit. Fewer pages than before: the log has started over. */
static int on_commit(void *user, sqlite3 *db, const char *name, int wal_pages)
{
    struct srv_sqlite_writer *writer = user;
    (void)db;
    (void)name;
    if (wal_pages < writer->wal_pages) {
        writer->checkpoint_at_pages = SRV_STORE_SQLITE_WAL_PAGES;
    }
    writer->wal_pages = wal_pages;
    atomic_store_explicit(&writer->wal_pages_seen, (uint64_t)wal_pages, memory_order_relaxed);
    return SQLITE_OK;
}

static bool step_once(struct srv_sqlite_writer *writer, sqlite3_stmt *statement,
                      struct base_err *err)
{
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE) {
        srv_sqlite_fail(writer->db, code, sqlite3_sql(statement), err);
    }
    sqlite3_reset(statement);
    return code == SQLITE_DONE;
}

static bool begin(struct srv_sqlite_writer *writer, struct base_err *err)
{
    allow_busy_ms(writer, SRV_STORE_SQLITE_BUSY_MS);
    return step_once(writer, writer->begin, err);
}

/* SQLite may have rolled back by itself already. */
static void roll_back(struct srv_sqlite_writer *writer)
{
    srv_sqlite_changes_forget_tables(&writer->changes);
    if (!sqlite3_get_autocommit(writer->db)) {
        sqlite3_exec(writer->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

static void fail_group(struct srv_sqlite_op *group, const struct base_err *err)
{
    for (struct srv_sqlite_op *op = group; op != NULL; op = op->next) {
        op->ok = false;
        *op->err = *err;
    }
}

static void commit(struct srv_sqlite_writer *writer, struct srv_sqlite_op *group)
{
    struct base_err err;
    if (!step_once(writer, writer->commit, &err)) {
        roll_back(writer);
        fail_group(group, &err);
        return;
    }
    uint64_t count = 0;
    for (struct srv_sqlite_op *op = group; op != NULL; op = op->next) {
        count += op->ok ? 1 : 0;
    }
    atomic_fetch_add_explicit(&writer->groups, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&writer->operations, count, memory_order_relaxed);
}

/* Runs the ops in the open transaction; false when SQLite failed and it must be rolled back. */
static bool run_ops(struct srv_sqlite_writer *writer, struct srv_sqlite_op *group)
{
    for (struct srv_sqlite_op *op = group; op != NULL; op = op->next) {
        op->ok = rpc_context_check(op->ctx, op->err);
        if (!op->ok) {
            continue;
        }
        enum srv_sqlite_outcome outcome = op->run(&writer->changes, op);
        op->ok = outcome == SRV_SQLITE_DONE;
        if (outcome == SRV_SQLITE_BROKEN) {
            return false;
        }
    }
    return true;
}

/* Runs each op in a transaction of its own. When another process does not let go of the file, all
 * that are left fail: their callers are not to wait for as long once more for each. */
static void run_alone(struct srv_sqlite_writer *writer, struct srv_sqlite_op *group)
{
    struct base_err err;
    for (struct srv_sqlite_op *op = group, *rest; op != NULL; op = rest) {
        if (!begin(writer, &err)) {
            fail_group(op, &err);
            return;
        }
        rest = op->next;
        op->next = NULL;
        if (run_ops(writer, op)) {
            commit(writer, op);
        } else {
            roll_back(writer);
        }
        op->next = rest;
    }
}

/* Runs the group whose transaction is open, and ends it. Every op then has its answer. */
static void run_group(struct srv_sqlite_writer *writer, struct srv_sqlite_op *group)
{
    if (run_ops(writer, group)) {
        commit(writer, group);
        return;
    }
    roll_back(writer);
    if (group->next != NULL) {
        run_alone(writer, group);
    }
}

/* Moves the log into the file. Nobody waits for that, until the log has reached its maximum: then
 * the writer waits for those who still read old pages, so that the log can start over. */
static void checkpoint_if_due(struct srv_sqlite_writer *writer)
{
    if (writer->wal_pages < writer->checkpoint_at_pages) {
        return;
    }
    bool must_restart = writer->wal_pages >= SRV_STORE_SQLITE_WAL_PAGES_MAX;
    allow_busy_ms(writer, RESTART_WAIT_MS);
    int mode = must_restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    int code = sqlite3_wal_checkpoint_v2(writer->db, NULL, mode, NULL, NULL);
    if (code == SQLITE_BUSY && must_restart) {
        base_log(BASE_LOG_WARN, "store's log cannot start over", "reason",
                 "other programs keep reading or writing it", NULL);
    } else if (code != SQLITE_OK && code != SQLITE_BUSY) {
        struct base_err logged; /* nobody waits for the answer, and the next attempt comes */
        srv_sqlite_fail(writer->db, code, "moving the log into the file", &logged);
    }
    writer->checkpoint_at_pages = writer->wal_pages + SRV_STORE_SQLITE_WAL_PAGES;
}

/* False when the store closes and all is done. */
static bool wait_for_work(struct srv_sqlite_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    while (writer->first == NULL && !writer->closing) {
        pthread_cond_wait(&writer->work, &writer->mutex);
    }
    bool has_work = writer->first != NULL;
    pthread_mutex_unlock(&writer->mutex);
    return has_work;
}

/* Takes what waits, of `bytes_max` or one op; NULL when every caller has left meanwhile. */
static struct srv_sqlite_op *take_group(struct srv_sqlite_writer *writer, size_t bytes_max)
{
    pthread_mutex_lock(&writer->mutex);
    struct srv_sqlite_op *group = writer->first;
    struct srv_sqlite_op **last = &group;
    size_t bytes = 0;
    while (*last != NULL && (last == &group || bytes + (*last)->body.len <= bytes_max)) {
        bytes += (*last)->body.len;
        (*last)->is_queued = false;
        last = &(*last)->next;
        writer->queued--;
    }
    writer->first = *last;
    if (writer->first == NULL) {
        writer->end = &writer->first;
    }
    *last = NULL;
    pthread_mutex_unlock(&writer->mutex);
    return group;
}

/* The post is the last touch of each op: its caller returns at once, without the queue's mutex,
 * which would let a woken crowd stand in line for it. */
static void answer(struct srv_sqlite_op *group)
{
    for (struct srv_sqlite_op *op = group, *rest; op != NULL; op = rest) {
        rest = op->next;
        atomic_store_explicit(&op->is_answered, true, memory_order_release);
        sem_post(&op->answered);
    }
}

/* The lock is taken before the ops, so that a caller whose deadline passes while another process
 * holds it can still leave. */
static void *run_writer(void *user)
{
    struct srv_sqlite_writer *writer = user;
    base_role_enter(BASE_ROLE_WORKER); /* it runs the callers' mutations */
    while (wait_for_work(writer)) {
        struct base_err err;
        bool has_lock = begin(writer, &err);
        struct srv_sqlite_op *group = take_group(writer, has_lock ? GROUP_BYTES_MAX : SIZE_MAX);
        if (!has_lock) {
            fail_group(group, &err);
        } else if (group == NULL) {
            roll_back(writer);
        } else {
            run_group(writer, group);
        }
        answer(group);
        checkpoint_if_due(writer);
    }
    return NULL;
}

static void dispose(struct srv_sqlite_writer *writer)
{
    srv_sqlite_changes_dispose(&writer->changes);
    sqlite3_finalize(writer->begin);
    sqlite3_finalize(writer->commit);
    base_free(writer);
}

struct srv_sqlite_writer *srv_sqlite_writer_create(sqlite3 *db, struct base_err *err)
{
    struct srv_sqlite_writer *writer = base_alloc(sizeof *writer);
    *writer = (struct srv_sqlite_writer){
        .db = db,
        .changes.db = db,
        .begin = srv_sqlite_prepare(db, "BEGIN IMMEDIATE", "", err),
        .commit = srv_sqlite_prepare(db, "COMMIT", "", err),
        .checkpoint_at_pages = SRV_STORE_SQLITE_WAL_PAGES,
        .end = &writer->first,
    };
    if (writer->begin == NULL || writer->commit == NULL ||
        !srv_sqlite_changes_prepare(&writer->changes, err)) {
        dispose(writer);
        return NULL;
    }
    sqlite3_busy_handler(db, on_busy, writer);
    sqlite3_wal_hook(db, on_commit, writer);
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->work, NULL);
    base_thread_start(&writer->thread, run_writer, writer);
    return writer;
}

void srv_sqlite_writer_destroy(struct srv_sqlite_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    pthread_mutex_lock(&writer->mutex);
    writer->closing = true;
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->work);
    sqlite3_busy_handler(writer->db, NULL, NULL);
    sqlite3_wal_hook(writer->db, NULL, NULL);
    dispose(writer);
}

struct srv_store_sqlite_stats srv_sqlite_writer_stats(struct srv_sqlite_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    size_t waiting = writer->queued;
    pthread_mutex_unlock(&writer->mutex);
    return (struct srv_store_sqlite_stats){
        .groups = atomic_load_explicit(&writer->groups, memory_order_relaxed),
        .operations = atomic_load_explicit(&writer->operations, memory_order_relaxed),
        .wal_pages = atomic_load_explicit(&writer->wal_pages_seen, memory_order_relaxed),
        .waiting = waiting,
    };
}

static bool push(struct srv_sqlite_writer *writer, struct srv_sqlite_op *op)
{
    pthread_mutex_lock(&writer->mutex);
    assert(!writer->closing);
    bool has_room = writer->queued < SRV_STORE_SQLITE_QUEUE_MAX;
    if (has_room) {
        if (writer->first == NULL) {
            pthread_cond_signal(&writer->work);
        }
        op->is_queued = true;
        *writer->end = op;
        writer->end = &op->next;
        writer->queued++;
    }
    pthread_mutex_unlock(&writer->mutex);
    return has_room;
}

/* Takes the op back; false when the writer has it already. */
static bool take_back(struct srv_sqlite_writer *writer, struct srv_sqlite_op *op)
{
    pthread_mutex_lock(&writer->mutex);
    bool was_queued = op->is_queued;
    if (was_queued) {
        struct srv_sqlite_op **link = &writer->first;
        while (*link != op) {
            link = &(*link)->next;
        }
        *link = op->next;
        if (op->next == NULL) {
            writer->end = link;
        }
        writer->queued--;
    }
    pthread_mutex_unlock(&writer->mutex);
    return was_queued;
}

static bool take_answer(struct srv_sqlite_op *op)
{
    bool is_answered = atomic_load_explicit(&op->is_answered, memory_order_acquire);
    assert(is_answered);
    return is_answered;
}

/* Waits until the op is answered; false when the deadline came first. */
static bool wait_until(struct srv_sqlite_op *op, int64_t deadline_ns)
{
    if (deadline_ns == BASE_NEVER_NS) {
        while (sem_wait(&op->answered) != 0) {
            assert(errno == EINTR);
        }
        return take_answer(op);
    }
    struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ns / BASE_NS_PER_S),
        .tv_nsec = (long)(deadline_ns % BASE_NS_PER_S),
    };
    while (sem_clockwait(&op->answered, CLOCK_MONOTONIC, &deadline) != 0) {
        if (errno == ETIMEDOUT) {
            return false;
        }
        assert(errno == EINTR);
    }
    return take_answer(op);
}

/* Queues the op and returns its answer. An op that runs is waited for, whatever its deadline. */
static bool submit(struct srv_store *self, struct srv_sqlite_op *op)
{
    struct srv_sqlite_writer *writer = ((struct srv_sqlite_store *)self)->writer;
    if (!rpc_context_check(op->ctx, op->err)) {
        return false;
    }
    sem_init(&op->answered, 0, 0);
    if (!push(writer, op)) {
        op->ok = base_err_set(op->err, BASE_UNAVAILABLE, "too many writes wait for the store");
    } else if (!wait_until(op, op->ctx->deadline_ns)) {
        if (take_back(writer, op)) {
            op->ok = base_err_set(op->err, BASE_DEADLINE_EXCEEDED,
                                  "the call's deadline has passed while other writes ran");
        } else {
            wait_until(op, BASE_NEVER_NS);
        }
    }
    sem_destroy(&op->answered);
    return op->ok;
}

bool srv_sqlite_insert(struct srv_store *self, struct rpc_context *ctx,
                       const struct srv_collection *collection, struct srv_key key,
                       const ProtobufCMessage *message, struct base_err *err)
{
    struct srv_sqlite_op op = {
        .run = srv_sqlite_run_insert, .ctx = ctx, .err = err, .collection = collection, .key = key};
    return srv_document_check_key(collection, key, err) &&
           srv_document_pack(ctx, collection, message, &op.body, err) && submit(self, &op);
}

bool srv_sqlite_remove(struct srv_store *self, struct rpc_context *ctx,
                       const struct srv_collection *collection, struct srv_key key,
                       struct base_err *err)
{
    struct srv_sqlite_op op = {
        .run = srv_sqlite_run_remove, .ctx = ctx, .err = err, .collection = collection, .key = key};
    return srv_document_check_key(collection, key, err) && submit(self, &op);
}

bool srv_sqlite_update(struct srv_store *self, struct rpc_context *ctx,
                       const struct srv_collection *collection, struct srv_key key,
                       const struct srv_mutation *mutation, ProtobufCMessage **out_message,
                       struct base_err *err)
{
    struct srv_sqlite_op op = {.run = srv_sqlite_run_update,
                               .ctx = ctx,
                               .err = err,
                               .collection = collection,
                               .key = key,
                               .mutation = mutation};
    if (!srv_document_check_key(collection, key, err) || !submit(self, &op)) {
        return false;
    }
    *out_message = op.message;
    return true;
}

bool srv_sqlite_next_id(struct srv_store *self, struct rpc_context *ctx, const char *counter,
                        int64_t *out_id, struct base_err *err)
{
    struct srv_sqlite_op op = {
        .run = srv_sqlite_run_next_id, .ctx = ctx, .err = err, .counter = counter};
    if (!srv_document_check_counter(counter, err) || !submit(self, &op)) {
        return false;
    }
    *out_id = op.number;
    return true;
}

bool srv_sqlite_reserve(struct srv_store *self, struct rpc_context *ctx, const char *counter,
                        int64_t want, int64_t limit, int64_t *out_granted, int64_t *out_left,
                        struct base_err *err)
{
    assert(want >= 0 && limit >= 0);
    struct srv_sqlite_op op = {.run = srv_sqlite_run_reserve,
                               .ctx = ctx,
                               .err = err,
                               .counter = counter,
                               .want = want,
                               .limit = limit};
    if (!srv_document_check_counter(counter, err) || !submit(self, &op)) {
        return false;
    }
    *out_granted = op.number;
    *out_left = op.left;
    return true;
}

bool srv_sqlite_release(struct srv_store *self, struct rpc_context *ctx, const char *counter,
                        int64_t count, struct base_err *err)
{
    assert(count >= 0);
    struct srv_sqlite_op op = {
        .run = srv_sqlite_run_release, .ctx = ctx, .err = err, .counter = counter, .want = count};
    return srv_document_check_counter(counter, err) && submit(self, &op);
}
