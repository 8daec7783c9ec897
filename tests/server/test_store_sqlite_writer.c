/* The embedded store's writer: groups, refusals inside a group, and waiting. A lock held from
 * outside makes operations gather, so that what one group holds is certain. */
#include "server/store_sqlite.h"

#include "sqlite_file.h"
#include "store_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <time.h>

static int open_store(void **state)
{
    struct base_err err;
    sqlite_file_renew();
    *state = srv_store_sqlite_open(sqlite_file_path(), &err);
    return *state == NULL ? -1 : 0;
}

static int close_store(void **state)
{
    srv_store_close(*state);
    sqlite_file_remove();
    return 0;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Threads that write while the file is locked, so that their writes gather. */
struct gathering {
    struct srv_store *store;
    pthread_barrier_t start; /* of all threads, the one with the lock among them */
    size_t writes;           /* that must wait before it lets go */
};

static void gather(struct gathering *gathering, size_t threads,
                   void (*body)(void *user, size_t index), void *user)
{
    pthread_barrier_init(&gathering->start, NULL, (unsigned)threads);
    store_on_threads(threads, body, user);
    pthread_barrier_destroy(&gathering->start);
}

static void lock_before_all(struct gathering *gathering)
{
    sqlite_file_lock();
    pthread_barrier_wait(&gathering->start);
}

/* Sooner or later; whoever has the lock gives it back all the same, and the test fails then. */
#define WAITS_MAX 60000

static void wait_for_all(const struct gathering *gathering)
{
    for (int i = 0; i < WAITS_MAX; i++) {
        if (srv_store_sqlite_stats(gathering->store).waiting >= gathering->writes) {
            return;
        }
        sleep_ms(1);
    }
}

static void unlock_after_all(struct gathering *gathering)
{
    lock_before_all(gathering);
    wait_for_all(gathering);
    sqlite_file_unlock();
}

#define WRITERS 64

/* The first thread has the lock, each other writes once. */
static void insert_own(void *user, size_t index)
{
    struct gathering *gathering = user;
    char key[32];
    if (index == 0) {
        unlock_after_all(gathering);
        return;
    }
    pthread_barrier_wait(&gathering->start);
    snprintf(key, sizeof key, "%zu", index);
    store_insert_note(gathering->store, key, "t", 200);
}

static void shares_an_fsync_among_all_that_wait(void **state)
{
    struct gathering gathering = {.store = *state, .writes = WRITERS};
    gather(&gathering, 1 + WRITERS, insert_own, &gathering);
    struct srv_store_sqlite_stats stats = srv_store_sqlite_stats(gathering.store);
    assert_int_equal(stats.operations, WRITERS);
    assert_int_equal(stats.groups, 1);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM doc_notes"), WRITERS);
}

/* One operation of a group, and its outcome. */
struct member {
    const char *(*run)(struct srv_store *store, const char *key);
    const char *key;
    const char *outcome;
};

static const char *insert(struct srv_store *store, const char *key)
{
    return store_insert_note(store, key, "t", 10);
}

static const char *retitle(struct srv_store *store, const char *key)
{
    return store_retitle(store, key, "new");
}

static bool refuse(const struct srv_mutation *self, struct rpc_context *ctx,
                   ProtobufCMessage *message, struct base_err *err)
{
    (void)self;
    (void)ctx;
    ((Notes__V1__Note *)message)->title = (char *)"spoiled";
    return base_err_set(err, BASE_FAILED_PRECONDITION, "no");
}

static const char *update_refused(struct srv_store *store, const char *key)
{
    struct rpc_context ctx;
    struct base_err err;
    ProtobufCMessage *message;
    struct srv_mutation mutation = {refuse};
    rpc_context_init(&ctx);
    bool ok = srv_store_update(store, &ctx, &store_notes, srv_key_text(base_str_of(key)), &mutation,
                               &message, &err);
    rpc_context_dispose(&ctx);
    return store_outcome(ok, &err);
}

struct group {
    struct gathering gathering;
    const struct member *members;
    char outcomes[8][128];
};

static void run_member(void *user, size_t index)
{
    struct group *group = user;
    const struct member *member = &group->members[index];
    if (member->run == NULL) {
        unlock_after_all(&group->gathering);
        return;
    }
    pthread_barrier_wait(&group->gathering.start);
    snprintf(group->outcomes[index], sizeof group->outcomes[index], "%s",
             member->run(group->gathering.store, member->key));
}

static void keeps_refusals_apart_from_their_neighbours(void **state)
{
    static const struct member members[] = {
        {NULL, NULL, ""}, /* has the lock */
        {insert, "a", "OK"},
        {insert, "taken", "ALREADY_EXISTS: notes already has a document \"taken\""},
        {store_remove_note, "missing", "NOT_FOUND: notes has no document \"missing\""},
        {retitle, "missing", "NOT_FOUND: notes has no document \"missing\""},
        {update_refused, "kept", "FAILED_PRECONDITION: no"},
        {retitle, "taken", "OK"},
        {insert, "b", "OK"},
    };
    struct srv_store *store = *state;
    assert_string_equal(store_insert_note(store, "taken", "old", 10), "OK");
    assert_string_equal(store_insert_note(store, "kept", "kept", 10), "OK");
    struct srv_store_sqlite_stats before = srv_store_sqlite_stats(store);
    size_t count = sizeof members / sizeof *members;
    struct group group = {.gathering = {.store = store, .writes = count - 1}, .members = members};
    gather(&group.gathering, count, run_member, &group);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(group.outcomes[i], members[i].outcome);
    }
    struct srv_store_sqlite_stats after = srv_store_sqlite_stats(store);
    assert_int_equal(after.groups - before.groups, 1);
    assert_int_equal(after.operations - before.operations, 3);
    assert_string_equal(store_title_of(store, "taken"), "new");
    assert_string_equal(store_title_of(store, "kept"), "kept");
    assert_string_equal(store_title_of(store, "b"), "t");
}

static void lets_a_call_leave_at_its_deadline(void **state)
{
    struct srv_store *store = *state;
    struct rpc_context ctx;
    struct base_err err;
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    rpc_context_init(&ctx);
    sqlite_file_lock();
    int64_t begun_ns = base_clock_monotonic_ns();
    ctx.deadline_ns = begun_ns + 50 * BASE_NS_PER_MS;
    bool ok = srv_store_insert(store, &ctx, &store_notes, srv_key_text(BASE_STR("late")),
                               &note.base, &err);
    int64_t waited_ms = (base_clock_monotonic_ns() - begun_ns) / BASE_NS_PER_MS;
    sqlite_file_unlock();
    rpc_context_dispose(&ctx);
    assert_string_equal(store_outcome(ok, &err),
                        "DEADLINE_EXCEEDED: the call's deadline has passed while other writes ran");
    assert_in_range(waited_ms, 50, SRV_STORE_SQLITE_BUSY_MS);
    assert_string_equal(store_insert_note(store, "next", "t", 1), "OK");
    assert_string_equal(store_title_of(store, "late"), "NOT_FOUND: notes has no document \"late\"");
}

struct cancelling {
    struct gathering gathering;
    struct rpc_context ctx;
    struct base_err err;
    bool ok;
};

static void cancel_or_insert(void *user, size_t index)
{
    struct cancelling *cancelling = user;
    if (index == 0) {
        lock_before_all(&cancelling->gathering);
        wait_for_all(&cancelling->gathering);
        atomic_store(&cancelling->ctx.cancelled, true);
        sqlite_file_unlock();
        return;
    }
    pthread_barrier_wait(&cancelling->gathering.start);
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    cancelling->ok =
        srv_store_insert(cancelling->gathering.store, &cancelling->ctx, &store_notes,
                         srv_key_text(BASE_STR("given up")), &note.base, &cancelling->err);
}

static void does_not_run_what_was_cancelled_in_the_queue(void **state)
{
    struct cancelling cancelling = {.gathering = {.store = *state, .writes = 1}};
    rpc_context_init(&cancelling.ctx);
    gather(&cancelling.gathering, 2, cancel_or_insert, &cancelling);
    assert_string_equal(store_outcome(cancelling.ok, &cancelling.err),
                        "CANCELLED: the call was cancelled");
    rpc_context_dispose(&cancelling.ctx);
    assert_string_equal(store_title_of(*state, "given up"),
                        "NOT_FOUND: notes has no document \"given up\"");
}

#define TOO_MANY 20
#define CROWD (SRV_STORE_SQLITE_QUEUE_MAX + TOO_MANY)

struct crowd {
    struct gathering gathering;
    atomic_int accepted;
    atomic_int refused;
};

static void push(void *user, size_t index)
{
    struct crowd *crowd = user;
    char key[32];
    if (index == 0) {
        lock_before_all(&crowd->gathering);
        for (int i = 0; i < WAITS_MAX && atomic_load(&crowd->refused) < TOO_MANY; i++) {
            sleep_ms(1);
        }
        sqlite_file_unlock(); /* all the others are in the queue */
        return;
    }
    pthread_barrier_wait(&crowd->gathering.start);
    snprintf(key, sizeof key, "%zu", index);
    const char *outcome = store_insert_note(crowd->gathering.store, key, "t", 10);
    if (strcmp(outcome, "OK") == 0) {
        atomic_fetch_add(&crowd->accepted, 1);
    } else if (strcmp(outcome, "UNAVAILABLE: too many writes wait for the store") == 0) {
        atomic_fetch_add(&crowd->refused, 1);
    }
}

static void refuses_more_than_its_queue_holds(void **state)
{
    struct crowd crowd = {.gathering.store = *state};
    gather(&crowd.gathering, 1 + CROWD, push, &crowd);
    assert_int_equal(atomic_load(&crowd.refused), TOO_MANY);
    assert_int_equal(atomic_load(&crowd.accepted), SRV_STORE_SQLITE_QUEUE_MAX);
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM doc_notes"),
                     SRV_STORE_SQLITE_QUEUE_MAX);
}

static void gives_up_when_the_file_stays_locked(void **state)
{
    struct srv_store *store = *state;
    assert_string_equal(store_insert_note(store, "a", "t", 1), "OK");
    sqlite_file_lock();
    int64_t begun_ns = base_clock_monotonic_ns();
    assert_string_equal(store_insert_note(store, "b", "t", 1), "UNAVAILABLE: the store is busy");
    int64_t waited_ms = (base_clock_monotonic_ns() - begun_ns) / BASE_NS_PER_MS;
    assert_in_range(waited_ms, SRV_STORE_SQLITE_BUSY_MS, 2 * SRV_STORE_SQLITE_BUSY_MS - 1);
    assert_string_equal(store_title_of(store, "a"), "t"); /* reads do not care */
    sqlite_file_unlock();
    assert_string_equal(store_insert_note(store, "b", "t", 1), "OK");
}

int main(void)
{
#define ON_FRESH_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
    const struct CMUnitTest tests[] = {
        ON_FRESH_STORE(shares_an_fsync_among_all_that_wait),
        ON_FRESH_STORE(keeps_refusals_apart_from_their_neighbours),
        ON_FRESH_STORE(lets_a_call_leave_at_its_deadline),
        ON_FRESH_STORE(does_not_run_what_was_cancelled_in_the_queue),
        ON_FRESH_STORE(refuses_more_than_its_queue_holds),
        ON_FRESH_STORE(gives_up_when_the_file_stays_locked),
    };
#undef ON_FRESH_STORE
    return cmocka_run_group_tests_name("store_sqlite_writer", tests, NULL, NULL);
}
