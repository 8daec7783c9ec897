/* Harness: the real program, started on free ports and stopped for good.
 *
 * Starts build/<preset>/bin/tollgate as a child with the arguments given, waits for the lines in
 * its log that say where it listens, and ends it with SIGTERM, SIGKILL or not at all. Standard
 * error goes to a file in the test's own directory and is shown when something fails. Every wait
 * is bounded; a child never outlives its test. It asks nobody for an API key, for most tests are
 * about other things; those of keys set TOLLGATE_NO_KEYS to false. Failures end the running cmocka
 * test. One thread.
 */
#ifndef E2E_HARNESS_H
#define E2E_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* How long the program may take to listen, and to end after SIGTERM. */
#define E2E_START_MS_MAX 30000
#define E2E_STOP_MS_MAX 30000

/* How long anything else may take that is bound to come, on a machine that is busy. */
#define E2E_AWAIT_MS_MAX 20000

/* What e2e_start_serve passes as --drain-timeout, in seconds. */
#define E2E_GRACE_S "10"

/* Bytes of a path in the test's directory. */
#define E2E_PATH_SIZE 256

/* Arguments after the program's name. */
#define E2E_ARGS_MAX 24

/* Listeners to wait for. */
enum { E2E_HTTP_LISTENER = 1, E2E_GRPC_LISTENER = 2, E2E_ADMIN_LISTENER = 4 };

/* A directory of the test's own, removed with all that is in it. */
struct e2e_dir {
    char path[E2E_PATH_SIZE - 64];
};

void e2e_dir_make(struct e2e_dir *dir);
void e2e_dir_remove(struct e2e_dir *dir);

struct e2e_program {
    pid_t pid; /* 0 when it does not run */
    int http_port;
    int grpc_port;
    int admin_port;
    char log_path[E2E_PATH_SIZE];
};

/* Starts the program with `args` (NULL-terminated, without the program's name) and waits for
 * `listeners`. Its log is `log_name` in `dir`, begun anew. */
void e2e_start(struct e2e_program *program, const struct e2e_dir *dir, const char *log_name,
               int listeners, const char *const *args);

/* `tollgate serve` on free ports over the store of `dir` (tests/e2e/store.h). */
void e2e_start_serve(struct e2e_program *program, const struct e2e_dir *dir);

/* The same with `flags` (NULL-terminated) besides. */
void e2e_start_serve_with(struct e2e_program *program, const struct e2e_dir *dir,
                          const char *const *flags);

/* Sends SIGTERM without waiting. */
void e2e_terminate(const struct e2e_program *program);

/* Waits for the end; the test fails unless it comes with exit status 0 within E2E_STOP_MS_MAX. */
void e2e_wait(struct e2e_program *program);

/* SIGTERM, then e2e_wait. Does nothing when the program does not run. */
void e2e_stop(struct e2e_program *program);

/* SIGKILL, and takes the child off. Does nothing when the program does not run. */
void e2e_kill(struct e2e_program *program);

/* Whether the child has not ended yet. */
bool e2e_is_running(const struct e2e_program *program);

/* Prints the end of the program's log. */
void e2e_show_log(const struct e2e_program *program);

/* Prints the message and the end of the program's log, and fails the test. */
void e2e_fail(const struct e2e_program *program, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* What most tests need, and have as their *state between these set-ups and this tear-down. */
struct e2e_world {
    struct e2e_dir dir;
    struct e2e_program program;
};

/* A directory, and e2e_start_serve there. */
int e2e_set_up(void **state);

/* The same with `flags`, for a test's own set-up. */
int e2e_set_up_with(void **state, const char *const *flags);

/* Kills the program if it still runs, and removes the directory. */
int e2e_tear_down(void **state);

/* Milliseconds of a clock that only goes forward. */
long long e2e_now_ms(void);
void e2e_sleep_ms(long ms);

/* Opens a TCP connection to 127.0.0.1:`port`; reads and writes on it give up after
 * `timeout_ms`. -1 when it is refused. The caller closes it. */
int e2e_connect(int port, int timeout_ms);

/* Waits until the program has read all that was sent on `fd`, a connection to it. */
void e2e_await_read(const struct e2e_program *program, int fd);

/* Waits until the program's log has `text`. */
void e2e_await_log(const struct e2e_program *program, const char *text);

/* A port of 127.0.0.1 on which nothing listens, nor will as long as this process is there. */
int e2e_dead_port(void);

#endif
