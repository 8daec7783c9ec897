/* Threads note what they saw; the test's own thread asserts, because cmocka leaves by longjmp. */
#include "store_contract_concurrent.h"

#include "base/mem.h"
#include "store_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct store_contract *contract;

static struct srv_store *open_store(void)
{
    struct base_err err;
    struct srv_store *store = contract->open(&err);
    if (store == NULL) {
        fail_msg("cannot open: %s", err.message);
    }
    return store;
}

static int renew(void **state)
{
    (void)state;
    contract->renew();
    return 0;
}

/* Two stores on one database, used by turns. */
struct pair {
    struct srv_store *stores[2];
};

static struct pair open_pair(void)
{
    struct srv_store *first = open_store();
    return (struct pair){{first, open_store()}};
}

static void close_pair(struct pair *pair)
{
    srv_store_close(pair->stores[0]);
    srv_store_close(pair->stores[1]);
}

#define UPDATERS 64
#define UPDATES_EACH 5

struct updates {
    struct pair pair;
    atomic_int failures;
};

static void update_one(void *user, size_t index)
{
    struct updates *updates = user;
    for (int i = 0; i < UPDATES_EACH; i++) {
        if (store_count_up(updates->pair.stores[index % 2], "counted") < 1) {
            atomic_fetch_add(&updates->failures, 1);
        }
    }
}

static void loses_no_update(void **state)
{
    (void)state;
    struct updates updates = {.pair = open_pair()};
    assert_string_equal(store_insert_note(updates.pair.stores[0], "counted", "0", 2000), "OK");
    store_on_threads(UPDATERS, update_one, &updates);
    assert_int_equal(atomic_load(&updates.failures), 0);
    char expected[16];
    snprintf(expected, sizeof expected, "%d", UPDATERS * UPDATES_EACH);
    assert_string_equal(store_title_of(updates.pair.stores[0], "counted"), expected);
    assert_string_equal(store_title_of(updates.pair.stores[1], "counted"), expected);
    close_pair(&updates.pair);
}

#define TAKERS 16
#define IDS_EACH 25
#define IDS (TAKERS * IDS_EACH)

struct ids {
    struct pair pair;
    int64_t taken[IDS];
};

static void take_ids(void *user, size_t index)
{
    struct ids *ids = user;
    for (size_t i = 0; i < IDS_EACH; i++) {
        ids->taken[index * IDS_EACH + i] = store_next_id(ids->pair.stores[index % 2], "ids");
    }
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* 0, 1, 2, ... each once. */
static void assert_complete(int64_t *ids, size_t count)
{
    qsort(ids, count, sizeof *ids, compare);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ids[i], i);
    }
}

static void gives_each_id_once_to_threads(void **state)
{
    (void)state;
    struct ids ids = {.pair = open_pair()};
    store_on_threads(TAKERS, take_ids, &ids);
    assert_complete(ids.taken, IDS);
    close_pair(&ids.pair);
}

#define PROCESSES 3
#define IDS_A_PROCESS 60

/* A process of its own: takes ids, counts up, and reports the ids it got. */
static void run_process(int out)
{
    struct base_err err;
    struct srv_store *store = contract->open(&err);
    int64_t ids[IDS_A_PROCESS];
    for (size_t i = 0; i < IDS_A_PROCESS; i++) {
        ids[i] = store == NULL ? -1 : store_next_id(store, "ids");
        if (store == NULL || store_count_up(store, "counted") < 1) {
            ids[i] = -1;
        }
    }
    srv_store_close(store);
    _exit(write(out, ids, sizeof ids) == (ssize_t)sizeof ids ? 0 : 1);
}

static void gives_each_id_once_to_processes(void **state)
{
    (void)state;
    struct srv_store *store = open_store();
    assert_string_equal(store_insert_note(store, "counted", "0", 10), "OK");
    srv_store_close(store); /* nothing may be open across a fork */
    int pipes[2];
    pid_t processes[PROCESSES];
    assert_int_equal(pipe(pipes), 0);
    for (size_t i = 0; i < PROCESSES; i++) {
        processes[i] = fork();
        assert_true(processes[i] >= 0);
        if (processes[i] == 0) {
            run_process(pipes[1]);
        }
    }
    int64_t ids[PROCESSES * IDS_A_PROCESS];
    for (size_t i = 0; i < PROCESSES; i++) {
        /* Less than a pipe's atomic unit, so reports do not mix. */
        ssize_t got = read(pipes[0], ids + i * IDS_A_PROCESS, IDS_A_PROCESS * sizeof *ids);
        assert_int_equal(got, IDS_A_PROCESS * sizeof *ids);
    }
    for (size_t i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(processes[i], &status, 0), processes[i]);
        assert_int_equal(status, 0);
    }
    close(pipes[0]);
    close(pipes[1]);
    assert_complete(ids, PROCESSES * IDS_A_PROCESS);
    store = open_store();
    char expected[16];
    snprintf(expected, sizeof expected, "%d", PROCESSES * IDS_A_PROCESS);
    assert_string_equal(store_title_of(store, "counted"), expected);
    srv_store_close(store);
}

#define RESERVERS 16
#define QUOTA 100

struct reservations {
    struct pair pair;
    atomic_long granted;
    atomic_int failures;
};

static void reserve_some(void *user, size_t index)
{
    struct reservations *reservations = user;
    for (int i = 0; i < 5; i++) {
        struct rpc_context ctx;
        struct base_err err;
        int64_t granted = 0;
        int64_t left;
        rpc_context_init(&ctx);
        if (!srv_store_reserve(reservations->pair.stores[index % 2], &ctx, "quota", 3, QUOTA,
                               &granted, &left, &err)) {
            atomic_fetch_add(&reservations->failures, 1);
        }
        rpc_context_dispose(&ctx);
        atomic_fetch_add(&reservations->granted, granted);
    }
}

static void never_grants_more_than_the_limit(void **state)
{
    (void)state;
    struct reservations reservations = {.pair = open_pair()};
    store_on_threads(RESERVERS, reserve_some, &reservations);
    assert_int_equal(atomic_load(&reservations.failures), 0);
    assert_int_equal(atomic_load(&reservations.granted), QUOTA);
    close_pair(&reservations.pair);
}

#define BORROWED_MAX 20

struct loans {
    struct pair pair;
    atomic_long out; /* at most what the counter holds: counted after it rose, before it falls */
    atomic_int failures;
};

static bool borrow_and_give_back(struct loans *loans, struct srv_store *store,
                                 struct rpc_context *ctx)
{
    struct base_err err;
    int64_t granted;
    int64_t left;
    if (!srv_store_reserve(store, ctx, "loans", 3, BORROWED_MAX, &granted, &left, &err)) {
        return false;
    }
    bool in_bounds = atomic_fetch_add(&loans->out, granted) + granted <= BORROWED_MAX;
    atomic_fetch_sub(&loans->out, granted);
    return srv_store_release(store, ctx, "loans", granted, &err) && in_bounds;
}

static void borrow_again_and_again(void *user, size_t index)
{
    struct loans *loans = user;
    for (int i = 0; i < 10; i++) {
        struct rpc_context ctx;
        rpc_context_init(&ctx);
        if (!borrow_and_give_back(loans, loans->pair.stores[index % 2], &ctx)) {
            atomic_fetch_add(&loans->failures, 1);
        }
        rpc_context_dispose(&ctx);
    }
}

/* The counter goes away at 0 while others make it anew; nothing is granted twice, nothing lost. */
static void has_all_again_when_all_is_given_back(void **state)
{
    (void)state;
    struct loans loans = {.pair = open_pair()};
    struct rpc_context ctx;
    struct base_err err;
    int64_t granted;
    int64_t left;
    store_on_threads(RESERVERS, borrow_again_and_again, &loans);
    assert_int_equal(atomic_load(&loans.failures), 0);
    rpc_context_init(&ctx);
    assert_true(srv_store_reserve(loans.pair.stores[0], &ctx, "loans", INT64_MAX, BORROWED_MAX,
                                  &granted, &left, &err));
    assert_int_equal(granted, BORROWED_MAX);
    assert_int_equal(left, 0);
    rpc_context_dispose(&ctx);
    close_pair(&loans.pair);
}

static void inserts_once(void *user, size_t index)
{
    struct updates *inserts = user;
    const char *outcome = store_insert_note(inserts->pair.stores[index % 2], "one", "t", 10);
    if (strcmp(outcome, "OK") == 0) {
        atomic_fetch_add(&inserts->failures, 1);
    } else if (strcmp(outcome, "ALREADY_EXISTS: notes already has a document \"one\"") != 0) {
        atomic_fetch_add(&inserts->failures, 100);
    }
}

static void lets_one_of_many_inserts_win(void **state)
{
    (void)state;
    struct updates inserts = {.pair = open_pair()};
    store_on_threads(32, inserts_once, &inserts);
    assert_int_equal(atomic_load(&inserts.failures), 1);
    close_pair(&inserts.pair);
}

static void shows_each_write_to_every_reader_at_once(void **state)
{
    (void)state;
    struct pair pair = open_pair();
    assert_string_equal(store_insert_note(pair.stores[0], "a", "0", 10), "OK");
    for (int i = 1; i <= 40; i++) {
        char title[16];
        snprintf(title, sizeof title, "%d", i);
        assert_int_equal(store_count_up(pair.stores[i % 2], "a"), i);
        assert_string_equal(store_title_of(pair.stores[0], "a"), title);
        assert_string_equal(store_title_of(pair.stores[1], "a"), title);
    }
    assert_string_equal(store_remove_note(pair.stores[0], "a"), "OK");
    assert_string_equal(store_title_of(pair.stores[1], "a"),
                        "NOT_FOUND: notes has no document \"a\"");
    close_pair(&pair);
}

#define KEPT 50
#define LIST_ROUNDS 40

struct listing {
    struct pair pair;
    atomic_int done; /* of the two listers */
    atomic_int failures;
};

/* Reads page after page to the end; the number of keys "kept-..." met, or -1. */
static int walk(struct srv_store *store, size_t limit)
{
    struct rpc_context ctx;
    struct base_err err;
    struct srv_key after = srv_key_text(BASE_STR(""));
    struct srv_page page = {.has_more = true};
    char last[SRV_STORE_KEY_BYTES_MAX + 1] = "";
    int kept = 0;
    while (page.has_more) {
        rpc_context_init(&ctx);
        bool ok = srv_store_list(store, &ctx, &store_notes, &after, limit, SRV_OPEN, &page, &err);
        for (size_t i = 0; ok && i < page.count; i++) {
            struct base_str key = page.documents[i].key.text;
            kept += base_str_starts_with(key, BASE_STR("kept-")) ? 1 : 0;
            ok = strcmp(key.data, last) > 0;
            snprintf(last, sizeof last, "%.*s", BASE_STR_ARGS(key));
        }
        rpc_context_dispose(&ctx);
        if (!ok) {
            return -1;
        }
        after.text = base_str_of(last);
    }
    return kept;
}

static void write_or_list(void *user, size_t index)
{
    struct listing *listing = user;
    struct srv_store *store = listing->pair.stores[index % 2];
    if (index < 2) {
        for (int i = 0; i < LIST_ROUNDS; i++) {
            if (walk(store, 7 + (size_t)i % 5) != KEPT) {
                atomic_fetch_add(&listing->failures, 1);
            }
        }
        atomic_fetch_add(&listing->done, 1);
        return;
    }
    char key[32];
    while (atomic_load(&listing->done) < 2) {
        snprintf(key, sizeof key, "%c-passing-%zu", index % 3 == 0 ? 'a' : 'z', index);
        if (strcmp(store_insert_note(store, key, "t", 100), "OK") != 0 ||
            strcmp(store_remove_note(store, key), "OK") != 0) {
            atomic_fetch_add(&listing->failures, 1);
        }
    }
}

static void lists_whole_pages_while_others_write(void **state)
{
    (void)state;
    struct listing listing = {.pair = open_pair()};
    for (size_t i = 0; i < KEPT; i++) {
        char key[32];
        snprintf(key, sizeof key, "kept-%02zu", i);
        assert_string_equal(store_insert_note(listing.pair.stores[0], key, "t", 100 + i), "OK");
    }
    store_on_threads(8, write_or_list, &listing);
    assert_int_equal(atomic_load(&listing.failures), 0);
    close_pair(&listing.pair);
}

struct watching {
    struct pair pair;
    atomic_long acknowledged;
    atomic_int failures;
};

/* Enough readers that a store which reads for several at once does so. */
#define WATCHERS 20
#define WATCHED_UPDATES 60

/* Thread 0 writes; the others read and must see what was acknowledged before they asked, and never
 * go back. */
static void write_or_watch(void *user, size_t index)
{
    struct watching *watching = user;
    struct srv_store *store = watching->pair.stores[index % 2];
    if (index == 0) {
        for (long i = 1; i <= WATCHED_UPDATES; i++) {
            atomic_store(&watching->acknowledged, (long)store_count_up(store, "watched"));
        }
        return;
    }
    long newest = 0;
    while (newest < WATCHED_UPDATES && atomic_load(&watching->failures) == 0) {
        long acknowledged = atomic_load(&watching->acknowledged);
        long seen = strtol(store_title_of(store, "watched"), NULL, 10);
        if (seen < acknowledged || seen < newest) {
            atomic_fetch_add(&watching->failures, 1);
        }
        newest = seen;
    }
}

static void never_shows_an_older_state(void **state)
{
    (void)state;
    struct watching watching = {.pair = open_pair()};
    assert_string_equal(store_insert_note(watching.pair.stores[0], "watched", "0", 3000), "OK");
    store_on_threads(1 + WATCHERS, write_or_watch, &watching);
    assert_int_equal(atomic_load(&watching.failures), 0);
    close_pair(&watching.pair);
}

int store_contract_run_concurrent(const struct store_contract *implementation)
{
    contract = implementation;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(loses_no_update, renew),
        cmocka_unit_test_setup(gives_each_id_once_to_threads, renew),
        cmocka_unit_test_setup(gives_each_id_once_to_processes, renew),
        cmocka_unit_test_setup(never_grants_more_than_the_limit, renew),
        cmocka_unit_test_setup(has_all_again_when_all_is_given_back, renew),
        cmocka_unit_test_setup(lets_one_of_many_inserts_win, renew),
        cmocka_unit_test_setup(shows_each_write_to_every_reader_at_once, renew),
        cmocka_unit_test_setup(lists_whole_pages_while_others_write, renew),
        cmocka_unit_test_setup(never_shows_an_older_state, renew),
    };
    return _cmocka_run_group_tests(contract->name, tests, sizeof tests / sizeof *tests, NULL, NULL);
}
