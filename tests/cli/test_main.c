/* The program's answers to what it cannot do: exit status and message, to the letter. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OUTPUT_SIZE 16384

/* Runs the program with `args`, after `before`, both as a shell reads them; returns its exit status
 * and what it wrote. */
static int run_after(const char *before, const char *args, char out[OUTPUT_SIZE])
{
    char command[1024];
    snprintf(command, sizeof command, "exec 2>&1; cd /; %s exec timeout 20 %s %s", before,
             TOLLGATE_PROGRAM, args);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t len = fread(out, 1, OUTPUT_SIZE - 1, pipe);
    out[len] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int run(const char *args, char out[OUTPUT_SIZE])
{
    return run_after("", args, out);
}

struct row {
    const char *args;
    int status;
    const char *expected; /* what it writes */
};

/* Runs `tollgate ARGS` as each row says. */
static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char out[OUTPUT_SIZE];
        int status = run(rows[i].args, out);
        if (status != rows[i].status || strcmp(out, rows[i].expected) != 0) {
            fail_msg("tollgate %s: exit status %d, expected %d; expected\n%sgot\n%s", rows[i].args,
                     status, rows[i].status, rows[i].expected, out);
        }
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"serv", 2, "tollgate: there is no subcommand \"serv\"; did you mean serve?\n"},
        {"conquer", 2,
         "tollgate: there is no subcommand \"conquer\"; tollgate --help lists them\n"},
        {"serve --lisen x", 2,
         "tollgate serve: there is no flag --lisen here; did you mean --listen?\n"},
        {"server --listen x", 2, "tollgate server: there is no flag --listen here\n"},
        {"gateway --grpc x", 2, "tollgate gateway: there is no flag --grpc here\n"},
        {"serve extra", 2, "tollgate serve: expected a --flag, found \"extra\"\n"},
        {"serve --listen", 2, "tollgate serve: --listen needs a value: --listen HOST:PORT\n"},
        {"serve --store mysql:x", 2,
         "tollgate serve: --store: expected sqlite:FILE or mongodb://HOST:PORT/DATABASE\n"},
        {"serve --store sqlite:", 2,
         "tollgate serve: --store: expected sqlite:FILE or mongodb://HOST:PORT/DATABASE\n"},
        {"serve --admin 0.0.0.0:9901", 2,
         "tollgate serve: --admin 0.0.0.0:9901 is not a loopback address, so it needs credentials: "
         "TOLLGATE_ADMIN_KEY_ID and TOLLGATE_ADMIN_SECRET, or TOLLGATE_ADMIN_TOKEN\n"},
        {"server --admin localhost.example.com:1", 2,
         "tollgate server: --admin localhost.example.com:1 is not a loopback address, so it needs "
         "credentials: TOLLGATE_ADMIN_KEY_ID and TOLLGATE_ADMIN_SECRET, or TOLLGATE_ADMIN_TOKEN\n"},
        {"serve --admin 127.example.com:1", 2,
         "tollgate serve: --admin 127.example.com:1 is not a loopback address, so it needs "
         "credentials: TOLLGATE_ADMIN_KEY_ID and TOLLGATE_ADMIN_SECRET, or TOLLGATE_ADMIN_TOKEN\n"},
        {"serve --admin 0.0.0.0:9901 --admin-token ''", 2,
         "tollgate serve: --admin-key-id, --admin-secret and --admin-token must not be empty\n"},
        {"serve --admin 0.0.0.0:9901 --admin-key-id '' --admin-secret x", 2,
         "tollgate serve: --admin-key-id, --admin-secret and --admin-token must not be empty\n"},
        {"serve --admin 0.0.0.0:9901 --admin-key-id x --admin-secret ''", 2,
         "tollgate serve: --admin-key-id, --admin-secret and --admin-token must not be empty\n"},
        {"serve --admin 127.0.0.1:0 --admin-key-id x", 2,
         "tollgate serve: --admin-key-id and --admin-secret belong together\n"},
        {"gateway --upstream x:1 --proto-set /nonexistent --admin 127.0.0.1:0", 2,
         "tollgate gateway: --admin needs the store of keys and plans: --store URI\n"},
        {"gateway --upstream x:1 --store sqlite:/nonexistent/db --admin 0.0.0.0:0", 2,
         "tollgate gateway: --admin 0.0.0.0:0 is not a loopback address, so it needs credentials: "
         "TOLLGATE_ADMIN_KEY_ID and TOLLGATE_ADMIN_SECRET, or TOLLGATE_ADMIN_TOKEN\n"},
        {"gateway --upstream x:1 --no-keys --require-keys", 2,
         "tollgate gateway: expected either --no-keys or --require-keys, found both\n"},
        {"gateway", 2, "tollgate gateway: a gateway needs an upstream: --upstream HOST:PORT\n"},
        {"gateway --upstream x:1 --proto-set /nonexistent", 2,
         "tollgate gateway: --proto-set: cannot read /nonexistent: No such file or directory\n"},
        {"explain GET /x --proto-set /dev/null", 2,
         "tollgate explain: no method has an HTTP rule\n"},
        {"explain GET", 2, "tollgate explain: URL is missing\n"},
        {"explain 'GE T' /x", 2,
         "tollgate explain: METHOD: HTTP carries no spaces there, found \"GE T\"\n"},
        {"explain GET '/x y'", 2,
         "tollgate explain: URL: HTTP carries no spaces there, found \"/x y\"\n"},
        {"explain GET /x --header x", 2,
         "tollgate explain: --header: expected \"Name: value\", found \"x\"\n"},
        {"--version", 0, "tollgate " TOLLGATE_VERSION "\n"},
    };
    check(rows, sizeof rows / sizeof *rows);
}

/* Of what it writes, rows have a line. */
static void test_help(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", 2, "  tollgate serve    serves REST and gRPC from one process\n"},
        {"--help", 0, "  tollgate gateway  serves REST alone, calling a gRPC server\n"},
        {"serve --help", 0, "Variable: TOLLGATE_LISTEN. Default: 127.0.0.1:8080."},
        {"serve --listen x -h", 0, "Variable: TOLLGATE_DRAIN_TIMEOUT. Default: 30."},
        {"server --help", 0, "Variable: TOLLGATE_GRPC. Default: 127.0.0.1:50051."},
        {"gateway --help", 0, "The gRPC server to call. Required."},
        {"explain --help", 0, "tollgate explain METHOD URL [FLAG...] shows what"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[OUTPUT_SIZE];
        int status = run(rows[i].args, out);
        if (status != rows[i].status || strstr(out, rows[i].expected) == NULL) {
            fail_msg("tollgate %s: exit status %d, expected %d; no %s in\n%s", rows[i].args, status,
                     rows[i].status, rows[i].expected, out);
        }
    }
}

/* What stands behind it is the desk's, whose own tests have the rows. */
static void test_explain(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"explain GET '/notes?page_size=2'", 0,
         "rpc       notes.v1.Notes.ListNotes\n"
         "rule      GET /notes\n"
         "key       needed, and not looked at here\n"
         "message   {\"pageSize\":2}\n"},
        {"explain PATCH http://h:80/notes/a%2Fb --body '{\"title\":\"x\"}'", 0,
         "rpc       notes.v1.Notes.UpdateNote\n"
         "rule      PATCH /notes/{note_id} body: note\n"
         "key       needed, and not looked at here\n"
         "capture   note_id = a%2Fb\n"
         "message   {\"noteId\":\"a/b\",\"note\":{\"title\":\"x\"},\"updateMask\":\"title\"}\n"},
        {"explain GET /users#top", 0,
         "rpc       library.v1.Library.ListUsers\n"
         "rule      GET /users response_body: users\n"
         "message   {}\n"},
        {"explain GET /users/x", 1,
         "rpc       library.v1.Library.GetUser\n"
         "rule      GET /users/{id}\n"
         "capture   id = x\n"
         "status    400 Bad Request\n"
         "body      {\"code\":3,\"message\":\"path parameter \\\"id\\\": expected a uint32, found "
         "\\\"x\\\"\",\"details\":[]}\n"},
        {"explain POST /users --body '{}' --header 'Content-Type: text/plain'", 1,
         "rpc       library.v1.Library.CreateUser\n"
         "rule      POST /users body: *\n"
         "status    415 Unsupported Media Type\n"
         "body      {\"code\":3,\"message\":\"the body must be application/json in UTF-8, without "
         "a "
         "Content-Encoding\",\"details\":[]}\n"},
        {"explain PUT /users", 1,
         "status    405 Method Not Allowed\n"
         "header    allow: GET, HEAD, POST, OPTIONS\n"
         "body      {\"code\":12,\"message\":\"Method Not Allowed\",\"details\":[]}\n"},
        {"explain OPTIONS /users", 0,
         "status    204 No Content\n"
         "header    allow: GET, HEAD, POST, OPTIONS\n"},
    };
    check(rows, sizeof rows / sizeof *rows);
}

/* Returns a socket that listens on a port of 127.0.0.1. */
static int take_port(int *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *out_port = ntohs(address.sin_port);
    return fd;
}

static void assert_port_taken(const char *flag, const char *other_flag, const char *directory)
{
    int port;
    int fd = take_port(&port);
    char args[512];
    snprintf(args, sizeof args,
             "serve --store sqlite:%s/store.db --%s 127.0.0.1:%d --%s 127.0.0.1:0", directory, flag,
             port, other_flag);
    char out[OUTPUT_SIZE];
    int status = run(args, out);
    close(fd);
    char expected[128];
    snprintf(expected, sizeof expected,
             "tollgate serve: --%s: cannot listen on 127.0.0.1:%d: ", flag, port);
    if (status != 1 || strstr(out, expected) == NULL) {
        fail_msg("--%s: exit status %d, expected 1; no \"%s\" in\n%s", flag, status, expected, out);
    }
}

static void test_start_failures(void **state)
{
    (void)state;
    char directory[] = "/tmp/tollgate-cli-XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_port_taken("listen", "grpc", directory);
    assert_port_taken("grpc", "listen", directory);
    char out[OUTPUT_SIZE];
    assert_int_equal(run("serve --store sqlite:/nonexistent/store.db", out), 1);
    const char *expected = "tollgate serve: cannot open the store sqlite:/nonexistent/store.db: ";
    if (strncmp(out, expected, strlen(expected)) != 0) {
        fail_msg("expected %s, got\n%s", expected, out);
    }
    assert_int_equal(run("serve --store sqlite:/nonexistent/store.db --listen nowhere", out), 1);
    /* No room on the disk: files end after 8 KiB. */
    char args[128];
    snprintf(args, sizeof args, "serve --store sqlite:%s/full.db", directory);
    assert_int_equal(run_after("ulimit -f 16;", args, out), 1);
    assert_non_null(strstr(out, "/full.db: the store cannot use its disk\n"));
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", directory);
    assert_int_equal(system(command), 0);
}

/* Its number is not given to a socket or a file, nor the log to those. */
static void test_standard_error_closed(void **state)
{
    (void)state;
    char directory[] = "/tmp/tollgate-cli-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char command[1024];
    snprintf(command, sizeof command,
             "cd %s; %s serve --listen 127.0.0.1:0 --grpc 127.0.0.1:0 --admin 127.0.0.1:0"
             " 2>&- & program=$!; for i in $(seq 200); do"
             " found=$(readlink /proc/$program/fd/2);"
             " test \"$found\" = /dev/null && break; sleep 0.05; done;"
             " kill $program; wait $program; rm -r %s; echo $found",
             directory, TOLLGATE_PROGRAM, directory);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    char out[256] = "";
    size_t len = fread(out, 1, sizeof out - 1, pipe);
    out[len] = '\0';
    assert_int_equal(pclose(pipe), 0);
    assert_string_equal(out, "/dev/null\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_start_failures),
        cmocka_unit_test(test_standard_error_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
