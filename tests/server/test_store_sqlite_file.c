/* The embedded store's file: what is accepted at opening, what survives a kill, a full disk, and
 * how large the log grows. */
#include "server/store_sqlite.h"

#include "sqlite_file.h"
#include "store_support.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static int renew(void **state)
{
    (void)state;
    sqlite_file_renew();
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    sqlite_file_remove();
    return 0;
}

static struct srv_store *open_store(void)
{
    struct base_err err;
    struct srv_store *store = srv_store_sqlite_open(sqlite_file_path(), &err);
    if (store == NULL) {
        fail_msg("%s", err.message);
    }
    return store;
}

/* Opening must fail with `expected`, in which %s is the path. */
static void assert_refused(const char *path, const char *code, const char *before,
                           const char *after)
{
    struct base_err err;
    char expected[512];
    snprintf(expected, sizeof expected, "%s: %s%s%s", code, before, path, after);
    struct srv_store *store = srv_store_sqlite_open(path, &err);
    assert_null(store);
    assert_string_equal(store_outcome(false, &err), expected);
}

static size_t read_whole(const char *path, char *out, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = file < 0 ? -1 : read(file, out, size);
    close(file);
    assert_true(len >= 0);
    return (size_t)len;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 500; i++) {
        fputs(text, file);
    }
    fclose(file);
}

static void make_text(void)
{
    write_text(sqlite_file_path(), "This is somebody's diary. ");
}

static void make_foreign(void)
{
    sqlite_file_exec(
        "CREATE TABLE accounts(id INTEGER PRIMARY KEY); INSERT INTO accounts VALUES(1)");
}

static void make_foreign_without_tables(void)
{
    sqlite_file_exec("PRAGMA application_id=77");
}

static void make_newer(void)
{
    srv_store_close(open_store());
    sqlite_file_exec("PRAGMA user_version=2");
}

static void refuses_files_that_are_not_its_own(void **state)
{
    static const struct {
        void (*make)(void);
        const char *code;
        const char *before;
        const char *after;
    } rows[] = {
        {make_text, "FAILED_PRECONDITION", "", " is not a Tollgate store"},
        {make_foreign, "FAILED_PRECONDITION", "",
         " is another program's database, not a Tollgate store"},
        {make_foreign_without_tables, "FAILED_PRECONDITION", "",
         " is another program's database, not a Tollgate store"},
        {make_newer, "FAILED_PRECONDITION", "",
         " is a Tollgate store of version 2; this program knows versions up to 1"},
    };
    (void)state;
    static char before[65536];
    static char after[65536];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sqlite_file_renew();
        rows[i].make();
        size_t len = read_whole(sqlite_file_path(), before, sizeof before);
        assert_refused(sqlite_file_path(), rows[i].code, rows[i].before, rows[i].after);
        assert_int_equal(read_whole(sqlite_file_path(), after, sizeof after), len);
        assert_memory_equal(after, before, len);
    }
}

static void refuses_places_where_no_file_can_be(void **state)
{
    (void)state;
    assert_refused("/tmp", "UNAVAILABLE", "cannot open ", ": it is not a regular file");
    assert_refused("/dev/null", "UNAVAILABLE", "cannot open ", ": it is not a regular file");
    assert_refused("/no-such-folder/store.db", "UNAVAILABLE", "cannot open ",
                   ": No such file or directory");
    assert_refused("/proc/store.db", "UNAVAILABLE", "cannot open ", ": No such file or directory");
    assert_refused("", "INVALID_ARGUMENT", "the store's file has no name", "");
}

/* As nobody, since root may write anywhere. */
static void says_why_a_file_cannot_be_made(void **state)
{
    (void)state;
    char folder[] = "/tmp/tollgate-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0555), 0);
    snprintf(path, sizeof path, "%s/store.db", folder);
    bool is_root = geteuid() == 0;
    assert_true(!is_root || seteuid(NOBODY) == 0);
    assert_refused(path, "UNAVAILABLE", "cannot open ", ": Permission denied");
    assert_true(!is_root || seteuid(0) == 0);
    assert_int_equal(rmdir(folder), 0);
}

static void accepts_an_empty_file_and_odd_names(void **state)
{
    (void)state;
    FILE *file = fopen(sqlite_file_path(), "w");
    assert_non_null(file);
    fclose(file);
    srv_store_close(open_store());
    assert_int_equal(sqlite_file_number("PRAGMA user_version"), 1);

    static const char *const names[] = {":memory:", "file:x?mode=memory", "a b%41?.db"};
    char home[256];
    assert_non_null(getcwd(home, sizeof home));
    char folder[] = "/tmp/tollgate-names-XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct base_err err;
        struct srv_store *store = srv_store_sqlite_open(names[i], &err);
        assert_non_null(store);
        assert_string_equal(store_insert_note(store, "a", "t", 1), "OK");
        assert_string_equal(store_title_of(store, "a"), "t");
        srv_store_close(store);
        assert_int_equal(access(names[i], F_OK), 0);
        assert_int_equal(unlink(names[i]), 0);
    }
    assert_int_equal(chdir(home), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void refuses_a_file_that_cannot_be_written(void **state)
{
    (void)state;
    srv_store_close(open_store());
    assert_int_equal(chmod(sqlite_file_path(), 0444), 0);
    pid_t child = fork();
    if (child == 0) {
        struct base_err err = {0};
        bool is_user = geteuid() != 0 || setuid(65534) == 0;
        struct srv_store *store = srv_store_sqlite_open(sqlite_file_path(), &err);
        /* Root's temporary folder is closed to others, which is refused as well. */
        _exit(is_user && store == NULL && err.code == BASE_UNAVAILABLE ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define KILLS 20
#define KILL_WRITERS 4

/* What a child tells through the pipe once it is acknowledged. */
struct acknowledged {
    int64_t id;
};

struct victim {
    struct srv_store *store;
    int out;
};

static void note_key(int64_t id, char out[32])
{
    snprintf(out, 32, "id-%08ld", (long)id);
}

static void write_until_killed(void *user, size_t index)
{
    struct victim *victim = user;
    for (size_t i = 0;; i++) {
        struct acknowledged done = {store_next_id(victim->store, "ids")};
        char key[32];
        note_key(done.id, key);
        if (strcmp(store_insert_note(victim->store, key, "t", (index + i) % 4 * 1000), "OK") != 0 ||
            write(victim->out, &done, sizeof done) != (ssize_t)sizeof done) {
            _exit(1);
        }
    }
}

/* Lets a child write for a moment and kills it; returns what it acknowledged. */
static size_t kill_a_writer(long run_ms, struct acknowledged *out, size_t max)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct base_err err;
        struct victim victim = {srv_store_sqlite_open(sqlite_file_path(), &err), pipes[1]};
        if (victim.store == NULL) {
            _exit(1);
        }
        store_on_threads(KILL_WRITERS, write_until_killed, &victim);
    }
    close(pipes[1]);
    /* Not before it works, so that every round has something to lose. */
    size_t count = 0;
    assert_int_equal(read(pipes[0], &out[count++], sizeof *out), sizeof *out);
    usleep((useconds_t)run_ms * 1000);
    assert_int_equal(kill(child, SIGKILL), 0);
    while (count < max && read(pipes[0], &out[count], sizeof *out) == (ssize_t)sizeof *out) {
        count++;
    }
    close(pipes[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return count;
}

static void keeps_what_it_acknowledged_when_killed(void **state)
{
    (void)state;
    static struct acknowledged acknowledged[100000];
    size_t count = 0;
    for (int round = 0; round < KILLS; round++) {
        count += kill_a_writer(5 + round * 3, acknowledged + count,
                               sizeof acknowledged / sizeof *acknowledged - count);
        struct srv_store *store = open_store();
        int64_t newest = -1;
        for (size_t i = 0; i < count; i++) {
            char key[32];
            note_key(acknowledged[i].id, key);
            assert_string_equal(store_title_of(store, key), "t");
            newest = acknowledged[i].id > newest ? acknowledged[i].id : newest;
        }
        assert_true(store_next_id(store, "ids") > newest);
        srv_store_close(store);
        assert_int_equal(sqlite_file_number("SELECT count(*) FROM pragma_integrity_check"
                                            " WHERE integrity_check <> 'ok'"),
                         0);
    }
}

static void leaves_no_large_body_behind(void **state)
{
    (void)state;
    struct srv_store *store = open_store();
    assert_string_equal(store_insert_note(store, "stays", "0", 5000), "OK");
    assert_string_equal(store_insert_note(store, "goes", "0", 5000), "OK");
    assert_string_equal(store_insert_note(store, "goes", "0", 5000),
                        "ALREADY_EXISTS: notes already has a document \"goes\"");
    assert_int_equal(store_count_up(store, "stays"), 1);
    assert_int_equal(store_count_up(store, "goes"), 1);
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM large"), 2);
    assert_string_equal(store_remove_note(store, "goes"), "OK");
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM large"), 1);
    assert_string_equal(store_insert_note(store, "small", "0", 10), "OK");
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM large"), 1);
    /* A reference to nothing is damage, not an empty document. */
    sqlite_file_exec("DELETE FROM large");
    assert_string_equal(store_title_of(store, "stays"),
                        "DATA_LOSS: document \"stays\" of notes is damaged");
    assert_int_equal(store_count_up(store, "stays"), -1);
    srv_store_close(store);
}

static void leaves_no_counter_at_0_behind(void **state)
{
    (void)state;
    struct srv_store *store = open_store();
    struct rpc_context ctx;
    struct base_err err;
    int64_t granted, left;
    rpc_context_init(&ctx);
    assert_true(srv_store_reserve(store, &ctx, "quota", 0, 10, &granted, &left, &err));
    assert_true(srv_store_reserve(store, &ctx, "quota", 5, 0, &granted, &left, &err));
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM counters"), 0);
    assert_true(srv_store_reserve(store, &ctx, "quota", 3, 10, &granted, &left, &err));
    assert_true(srv_store_release(store, &ctx, "quota", 1, &err));
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM counters"), 1);
    assert_true(srv_store_release(store, &ctx, "quota", 2, &err));
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM counters"), 0);
    rpc_context_dispose(&ctx);
    srv_store_close(store);
}

/* A limit on the size of files stands in for a disk that refuses to write. */
static void works_again_after_the_disk_failed(void **state)
{
    (void)state;
    struct srv_store *store = open_store();
    struct rlimit limit;
    struct stat status;
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", sqlite_file_path());
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(stat(wal, &status), 0);
        struct rlimit tight = {.rlim_cur = (rlim_t)status.st_size, .rlim_max = limit.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
        const char *outcome = store_insert_note(store, round == 0 ? "first" : "next", "t", 20000);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        /* The first fails together with the collection's table. */
        assert_string_equal(outcome, "UNAVAILABLE: the store cannot use its disk");
        assert_string_equal(store_insert_note(store, round == 0 ? "first" : "next", "t", 20000),
                            "OK");
        assert_string_equal(store_title_of(store, "first"), "t");
        assert_string_equal(round == 0 ? "OK" : store_remove_note(store, "next"), "OK");
    }
    srv_store_close(store);
}

/* Needs the right to mount; others have the test above. */
static void says_that_the_disk_is_full(void **state)
{
    (void)state;
    char folder[] = "/tmp/tollgate-full-XXXXXX";
    assert_non_null(mkdtemp(folder));
    if (mount("tollgate-test", folder, "tmpfs", 0, "size=1500k") != 0) {
        rmdir(folder);
        skip();
    }
    char path[64];
    snprintf(path, sizeof path, "%s/store.db", folder);
    struct base_err err;
    struct srv_store *store = srv_store_sqlite_open(path, &err);
    assert_non_null(store);
    assert_string_equal(store_insert_note(store, "kept", "t", 10000), "OK");
    const char *full = "RESOURCE_EXHAUSTED: the store's disk is full";
    assert_string_equal(store_insert_note(store, "too large", "t", 2000000), full);
    assert_string_equal(store_insert_note(store, "small", "t", 100), "OK");
    assert_string_equal(store_title_of(store, "kept"), "t");
    assert_string_equal(store_title_of(store, "too large"),
                        "NOT_FOUND: notes has no document \"too large\"");
    /* Fill it, then make room: no restart is needed. */
    int written = 0;
    for (; written < 1000; written++) {
        char key[16];
        snprintf(key, sizeof key, "%d", written);
        const char *outcome = store_insert_note(store, key, "t", 10000);
        if (strcmp(outcome, "OK") != 0) {
            assert_string_equal(outcome, full);
            break;
        }
    }
    assert_in_range(written, 1, 200);
    assert_int_equal(mount("tollgate-test", folder, "tmpfs", MS_REMOUNT, "size=8m"), 0);
    assert_string_equal(store_insert_note(store, "after", "t", 2000000), "OK");
    assert_string_equal(store_title_of(store, "0"), "t");
    srv_store_close(store);
    assert_int_equal(umount(folder), 0);
    assert_int_equal(rmdir(folder), 0);
}

struct reading {
    struct srv_store *store;
    atomic_bool is_over;
};

#define WAL_WRITES 80

static void write_or_read(void *user, size_t index)
{
    struct reading *reading = user;
    if (index == 0) {
        for (int i = 0; i < WAL_WRITES; i++) {
            store_count_up(reading->store, "large");
        }
        atomic_store(&reading->is_over, true);
        return;
    }
    while (!atomic_load(&reading->is_over)) {
        store_title_of(reading->store, "large");
    }
}

static void bounds_its_log_while_others_read(void **state)
{
    (void)state;
    struct reading reading = {.store = open_store()};
    assert_string_equal(store_insert_note(reading.store, "large", "0", 1000000), "OK");
    store_on_threads(3, write_or_read, &reading);
    struct stat status;
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", sqlite_file_path());
    assert_int_equal(stat(wal, &status), 0);
    /* 80 times 1 MB and what it replaced were written; the log held less than its maximum and one
     * transaction. */
    assert_in_range(status.st_size, 1, (SRV_STORE_SQLITE_WAL_PAGES_MAX + 1000) * 4200L);
    assert_in_range(srv_store_sqlite_stats(reading.store).wal_pages, 1,
                    SRV_STORE_SQLITE_WAL_PAGES_MAX + 1000);
    srv_store_close(reading.store);
    assert_int_equal(access(wal, F_OK), -1);
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM large"), 1);
}

/* In a child, since no more than the first use of the library in a process can configure it. */
static void does_not_count_what_the_library_allocates(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct base_err err;
        struct srv_store *store = srv_store_sqlite_open(sqlite_file_path(), &err);
        _exit(store != NULL && sqlite3_memory_used() == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
#define ON_FRESH_PATH(test) cmocka_unit_test_setup_teardown(test, renew, clean_up)
    const struct CMUnitTest tests[] = {
        ON_FRESH_PATH(does_not_count_what_the_library_allocates), /* before any other */
        ON_FRESH_PATH(refuses_files_that_are_not_its_own),
        ON_FRESH_PATH(refuses_places_where_no_file_can_be),
        ON_FRESH_PATH(says_why_a_file_cannot_be_made),
        ON_FRESH_PATH(accepts_an_empty_file_and_odd_names),
        ON_FRESH_PATH(refuses_a_file_that_cannot_be_written),
        ON_FRESH_PATH(keeps_what_it_acknowledged_when_killed),
        ON_FRESH_PATH(leaves_no_large_body_behind),
        ON_FRESH_PATH(leaves_no_counter_at_0_behind),
        ON_FRESH_PATH(works_again_after_the_disk_failed),
        ON_FRESH_PATH(says_that_the_disk_is_full),
        ON_FRESH_PATH(bounds_its_log_while_others_read),
    };
#undef ON_FRESH_PATH
    return cmocka_run_group_tests_name("store_sqlite_file", tests, NULL, NULL);
}
