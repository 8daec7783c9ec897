/* The log is a file and not a pipe: the program never waits for a slow reader, and what it wrote
 * is still there when it was killed. A child asks the kernel to be killed with its parent, so that
 * a failed or interrupted test leaves nothing behind. */
#include "tests/e2e/harness.h"

#include "tests/e2e/store.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define POLL_MS 5
#define LOG_TAIL_BYTES 6000

long long e2e_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void e2e_sleep_ms(long ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

void e2e_dir_make(struct e2e_dir *dir)
{
    const char *parent = getenv("TMPDIR");
    snprintf(dir->path, sizeof dir->path, "%s/tollgate-e2e-XXXXXX",
             parent == NULL ? "/tmp" : parent);
    if (mkdtemp(dir->path) == NULL) {
        fail_msg("cannot make a directory like %s: %s", dir->path, strerror(errno));
    }
}

void e2e_dir_remove(struct e2e_dir *dir)
{
    DIR *entries = opendir(dir->path);
    if (entries == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] != '.') {
            unlinkat(dirfd(entries), entry->d_name, 0);
        }
    }
    closedir(entries);
    rmdir(dir->path);
}

void e2e_show_log(const struct e2e_program *program)
{
    FILE *log = fopen(program->log_path, "r");
    if (log == NULL) {
        return;
    }
    static char tail[LOG_TAIL_BYTES + 1];
    fseek(log, 0, SEEK_END);
    long size = ftell(log);
    fseek(log, size > LOG_TAIL_BYTES ? size - LOG_TAIL_BYTES : 0, SEEK_SET);
    tail[fread(tail, 1, LOG_TAIL_BYTES, log)] = '\0';
    fclose(log);
    print_error("--- end of %s:\n%s---\n", program->log_path, tail);
}

void e2e_fail(const struct e2e_program *program, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vprint_error(format, args);
    va_end(args);
    print_error("\n");
    e2e_show_log(program);
    fail();
    abort();
}

/* In the child. */
static void run_program(const char *log_path, const char *const *args)
{
    char *argv[E2E_ARGS_MAX + 2] = {TOLLGATE_PROGRAM};
    for (size_t i = 0; args[i] != NULL && i < E2E_ARGS_MAX; i++) {
        argv[i + 1] = (char *)(uintptr_t)args[i];
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("TOLLGATE_NO_KEYS", "true", 0);
    int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(argv[0], argv);
    fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

/* The port of `address=HOST:PORT` in a "listening" line for `protocol`, or 0. */
static int port_in_line(const char *line, const char *protocol)
{
    const char *address = strstr(line, " address=");
    const char *spoken = strstr(line, " protocol=");
    if (strstr(line, "event=listening") == NULL || address == NULL || spoken == NULL) {
        return 0;
    }
    spoken += strlen(" protocol=");
    size_t len = strlen(protocol);
    if (strncmp(spoken, protocol, len) != 0 || (spoken[len] != ' ' && spoken[len] != '\n')) {
        return 0;
    }
    address += strlen(" address=");
    const char *colon = address + strcspn(address, " \n");
    while (colon > address && colon[-1] != ':') {
        colon--;
    }
    return atoi(colon);
}

static void read_ports(struct e2e_program *program)
{
    FILE *log = fopen(program->log_path, "r");
    if (log == NULL) {
        return;
    }
    char line[2048];
    while (fgets(line, sizeof line, log) != NULL) {
        int http_port = port_in_line(line, "http");
        int grpc_port = port_in_line(line, "grpc");
        int admin_port = port_in_line(line, "admin");
        program->http_port = http_port != 0 ? http_port : program->http_port;
        program->grpc_port = grpc_port != 0 ? grpc_port : program->grpc_port;
        program->admin_port = admin_port != 0 ? admin_port : program->admin_port;
    }
    fclose(log);
}

bool e2e_is_running(const struct e2e_program *program)
{
    siginfo_t info = {0};
    return program->pid != 0 &&
           waitid(P_PID, (id_t)program->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

static bool is_listening(const struct e2e_program *program, int listeners)
{
    return ((listeners & E2E_HTTP_LISTENER) == 0 || program->http_port != 0) &&
           ((listeners & E2E_GRPC_LISTENER) == 0 || program->grpc_port != 0) &&
           ((listeners & E2E_ADMIN_LISTENER) == 0 || program->admin_port != 0);
}

void e2e_start(struct e2e_program *program, const struct e2e_dir *dir, const char *log_name,
               int listeners, const char *const *args)
{
    *program = (struct e2e_program){0};
    snprintf(program->log_path, sizeof program->log_path, "%s/%s", dir->path, log_name);
    unlink(program->log_path);
    fflush(NULL);
    program->pid = fork();
    assert_int_not_equal(program->pid, -1);
    if (program->pid == 0) {
        run_program(program->log_path, args);
    }
    long long give_up_ms = e2e_now_ms() + E2E_START_MS_MAX;
    while (!is_listening(program, listeners)) {
        if (!e2e_is_running(program) || e2e_now_ms() > give_up_ms) {
            bool has_ended = !e2e_is_running(program);
            e2e_kill(program);
            e2e_fail(program, "the program %s", has_ended ? "ended" : "does not listen");
        }
        e2e_sleep_ms(POLL_MS);
        read_ports(program);
    }
}

void e2e_start_serve_with(struct e2e_program *program, const struct e2e_dir *dir,
                          const char *const *flags)
{
    char store[E2E_STORE_SIZE];
    e2e_store(dir, store);
    const char *args[E2E_ARGS_MAX + 1] = {
        "serve",       "--listen", "127.0.0.1:0", "--grpc",          "127.0.0.1:0", "--admin",
        "127.0.0.1:0", "--store",  store,         "--drain-timeout", E2E_GRACE_S};
    for (size_t count = 11; *flags != NULL; flags++) {
        assert_true(count < E2E_ARGS_MAX);
        args[count++] = *flags;
    }
    e2e_start(program, dir, "serve.log", E2E_HTTP_LISTENER | E2E_GRPC_LISTENER | E2E_ADMIN_LISTENER,
              args);
}

void e2e_start_serve(struct e2e_program *program, const struct e2e_dir *dir)
{
    e2e_start_serve_with(program, dir, (const char *const[]){NULL});
}

void e2e_terminate(const struct e2e_program *program)
{
    kill(program->pid, SIGTERM);
}

void e2e_wait(struct e2e_program *program)
{
    long long give_up_ms = e2e_now_ms() + E2E_STOP_MS_MAX;
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(program->pid, &status, WNOHANG)) == 0) {
        if (e2e_now_ms() > give_up_ms) {
            e2e_kill(program);
            e2e_fail(program, "the program has not ended %d ms after SIGTERM", E2E_STOP_MS_MAX);
        }
        e2e_sleep_ms(POLL_MS);
    }
    program->pid = 0;
    if (WIFSIGNALED(status)) {
        e2e_fail(program, "the program died of signal %d", WTERMSIG(status));
    }
    if (WEXITSTATUS(status) != 0) {
        e2e_fail(program, "the program ended with exit status %d", WEXITSTATUS(status));
    }
}

void e2e_stop(struct e2e_program *program)
{
    if (program->pid != 0) {
        e2e_terminate(program);
        e2e_wait(program);
    }
}

void e2e_kill(struct e2e_program *program)
{
    if (program->pid != 0) {
        kill(program->pid, SIGKILL);
        waitpid(program->pid, NULL, 0);
        program->pid = 0;
    }
}

int e2e_set_up_with(void **state, const char *const *flags)
{
    static struct e2e_world world;
    e2e_dir_make(&world.dir);
    e2e_start_serve_with(&world.program, &world.dir, flags);
    *state = &world;
    return 0;
}

int e2e_set_up(void **state)
{
    return e2e_set_up_with(state, (const char *const[]){NULL});
}

int e2e_tear_down(void **state)
{
    struct e2e_world *world = *state;
    e2e_kill(&world->program);
    e2e_dir_remove(&world->dir);
    return 0;
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int e2e_connect(int port, int timeout_ms)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = (timeout_ms % 1000) * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    struct sockaddr_in address = loopback(port);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int port_of(int fd, int (*get_name)(int fd, struct sockaddr *address, socklen_t *size))
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    assert_int_equal(get_name(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

/* Whether all that was sent has reached the other end of `fd`. */
static bool is_delivered(int fd)
{
    int unacknowledged;
    assert_int_equal(ioctl(fd, SIOCOUTQ, &unacknowledged), 0);
    return unacknowledged == 0;
}

/* Whether the other end of `fd`, which the kernel knows by both ports, is there and has nothing
 * left to read. */
static bool is_read(int fd)
{
    int ours = port_of(fd, getsockname);
    int theirs = port_of(fd, getpeername);
    char line[512];
    bool found = false;
    FILE *connections = fopen("/proc/net/tcp", "r");
    assert_non_null(connections);
    while (!found && fgets(line, sizeof line, connections) != NULL) {
        unsigned local;
        unsigned remote;
        unsigned unread;
        found = sscanf(line, "%*d: %*x:%x %*x:%x %*x %*x:%x", &local, &remote, &unread) == 3 &&
                local == (unsigned)theirs && remote == (unsigned)ours && unread == 0;
    }
    fclose(connections);
    return found;
}

void e2e_await_read(const struct e2e_program *program, int fd)
{
    long long give_up_ms = e2e_now_ms() + E2E_AWAIT_MS_MAX;
    while (!is_delivered(fd) || !is_read(fd)) {
        if (e2e_now_ms() > give_up_ms) {
            e2e_fail(program, "the program does not read what it is sent");
        }
        e2e_sleep_ms(POLL_MS);
    }
}

static bool log_has(const struct e2e_program *program, const char *text)
{
    char line[2048];
    bool found = false;
    FILE *log = fopen(program->log_path, "r");
    assert_non_null(log);
    while (!found && fgets(line, sizeof line, log) != NULL) {
        found = strstr(line, text) != NULL;
    }
    fclose(log);
    return found;
}

void e2e_await_log(const struct e2e_program *program, const char *text)
{
    long long give_up_ms = e2e_now_ms() + E2E_AWAIT_MS_MAX;
    while (!log_has(program, text)) {
        if (e2e_now_ms() > give_up_ms) {
            e2e_fail(program, "the log has no %s", text);
        }
        e2e_sleep_ms(POLL_MS);
    }
}

/* The socket is never closed, so that nobody else is given the port. */
int e2e_dead_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    return port_of(fd, getsockname);
}
