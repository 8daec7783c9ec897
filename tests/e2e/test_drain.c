/* SIGTERM loses no request: what was sent on an accepted connection is answered, what was not
 * answered was not done, and the program ends with status 0 in time whatever clients do. */
#include "base/mem.h"
#include "tests/e2e/load.h"
#include "tests/e2e/rows.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GRACE_MS 10000 /* E2E_GRACE_S */
#define CONNECTIONS 16
#define NAMES_MAX 100000
#define READ_MS_MAX 20000
#define WARM_ANSWERS 300
/* The grace, and room for a slow machine. */
#define EXIT_MS_MAX 20000
/* Before the grace is over, which began 1,500 ms earlier. */
#define EARLY_EXIT_MS_MAX 8000

struct world {
    struct e2e_dir dir;
    struct e2e_program program;
    atomic_size_t answered;
    atomic_size_t unanswered;
    size_t sent;
    size_t number_of_slot[E2E_SLOTS_MAX];
    /* By the number in the user's name: the id answered plus one, 0 without an answer. */
    size_t *id_of_name;
};

static int set_up(void **state)
{
    struct world *world = base_calloc(1, sizeof *world);
    world->id_of_name = base_calloc(NAMES_MAX, sizeof *world->id_of_name);
    e2e_dir_make(&world->dir);
    e2e_start_serve(&world->program, &world->dir);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    e2e_kill(&world->program);
    e2e_dir_remove(&world->dir);
    base_free(world->id_of_name);
    base_free(world);
    return 0;
}

static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* Reads one answer with a Content-Length into `out`; its length, or -1 when the end came first. */
static ssize_t read_answer(int fd, char *out, size_t size)
{
    size_t used = 0;
    while (used + 1 < size) {
        ssize_t got = recv(fd, out + used, size - 1 - used, 0);
        if (got <= 0) {
            return used == 0 ? 0 : -1;
        }
        used += (size_t)got;
        out[used] = '\0';
        const char *head_end = strstr(out, "\r\n\r\n");
        const char *length = strcasestr(out, "\r\ncontent-length: ");
        if (head_end != NULL && length != NULL) {
            size_t body_bytes = strtoul(length + strlen("\r\ncontent-length: "), NULL, 10);
            if (used >= (size_t)(head_end + 4 - out) + body_bytes) {
                return (ssize_t)used;
            }
        }
    }
    return -1;
}

/* One HTTP/1.1 connection that creates users until the server closes it. */
struct writer {
    struct world *world;
    size_t first_name;
    size_t sent;
    bool saw_broken_answer;
    pthread_t thread;
};

static bool create_user(struct writer *writer, int fd)
{
    size_t number = writer->first_name + writer->sent;
    char request[512];
    char answer[4096];
    char body[64];
    int body_bytes = snprintf(body, sizeof body, "{\"name\":\"user %zu\"}", number);
    int len = snprintf(request, sizeof request,
                       "POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
                       "\r\nContent-Length: %d\r\n\r\n%s",
                       body_bytes, body);
    writer->sent++;
    ssize_t got = send_all(fd, request, (size_t)len) ? read_answer(fd, answer, sizeof answer) : 0;
    size_t id = 0;
    const char *json = got > 0 ? strstr(answer, "\r\n\r\n") : NULL;
    if (json == NULL || sscanf(json, "\r\n\r\n{\"id\":%zu}", &id) != 1) {
        writer->saw_broken_answer = got != 0;
        atomic_fetch_add(&writer->world->unanswered, 1);
        return false;
    }
    writer->world->id_of_name[number] = id + 1;
    atomic_fetch_add(&writer->world->answered, 1);
    return strcasestr(answer, "\r\nconnection: close\r\n") == NULL;
}

static void *write_until_closed(void *arg)
{
    struct writer *writer = arg;
    int fd = e2e_connect(writer->world->program.http_port, READ_MS_MAX);
    while (fd != -1 && writer->sent < NAMES_MAX / CONNECTIONS && create_user(writer, fd)) {
    }
    close(fd);
    return NULL;
}

/* Restarts the program on its store: every answered user is there, no other is. */
static void check_store(struct world *world)
{
    e2e_start_serve(&world->program, &world->dir);
    struct e2e_client *client = e2e_client_create(world->program.http_port, E2E_HTTP1);
    char path[512] = "/users";
    char token[256];
    size_t kept = 0;
    for (bool has_more = true; has_more;) {
        const struct e2e_request request = {.method = "GET", .path = path};
        const struct e2e_response *response = e2e_client_call(client, &request);
        assert_int_equal(response->status, 200);
        const char *at = response->body.data + 1;
        for (size_t id, number; sscanf(at, "\"%zu\":{\"name\":\"user %zu\"", &id, &number) == 2;) {
            if (world->id_of_name[number] != id + 1) {
                e2e_fail(&world->program, "user %zu is kept as %zu but was answered as %zu - 1",
                         number, id, world->id_of_name[number]);
            }
            kept++;
            at = strstr(at, "[]}") + strlen("[]},");
        }
        has_more = e2e_response_header(response, "x-next-page-token", token, sizeof token);
        snprintf(path, sizeof path, "/users?page_token=%s", token);
    }
    e2e_client_destroy(client);
    assert_int_equal(kept, atomic_load(&world->answered));
    e2e_stop(&world->program);
}

static void test_http1_under_load(void **state)
{
    struct world *world = *state;
    struct writer writers[CONNECTIONS];
    for (size_t i = 0; i < CONNECTIONS; i++) {
        writers[i] = (struct writer){.world = world, .first_name = i * (NAMES_MAX / CONNECTIONS)};
        pthread_create(&writers[i].thread, NULL, write_until_closed, &writers[i]);
    }
    while (atomic_load(&world->answered) < WARM_ANSWERS && atomic_load(&world->unanswered) == 0) {
        e2e_sleep_ms(1);
    }
    e2e_terminate(&world->program);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_false(writers[i].saw_broken_answer);
    }
    e2e_wait(&world->program);
    assert_int_equal(atomic_load(&world->unanswered), 0);
    check_store(world);
}

static bool next_create(void *user, size_t slot, struct e2e_load_request *out)
{
    struct world *world = user;
    size_t number = world->sent++;
    world->number_of_slot[slot] = number;
    out->method = "POST";
    out->has_body = true;
    snprintf(out->path, sizeof out->path, "/users");
    snprintf(out->body, sizeof out->body, "{\"name\":\"user %zu\"}", number);
    return atomic_load(&world->unanswered) == 0 && number < NAMES_MAX;
}

/* Over HTTP/2 the GOAWAY says which requests were not taken; curl tries those on a new connection,
 * which is refused. */
static void on_created(void *user, size_t slot, const struct e2e_response *response)
{
    struct world *world = user;
    if (response->outcome != CURLE_OK) {
        if (response->outcome != CURLE_COULDNT_CONNECT || response->body.len > 0) {
            e2e_fail(&world->program, "POST /users ended with %s after %zu bytes",
                     curl_easy_strerror(response->outcome), response->body.len);
        }
        atomic_fetch_add(&world->unanswered, 1);
        return;
    }
    size_t id = 0;
    if (response->status != 201 || sscanf(response->body.data, "{\"id\":%zu}", &id) != 1) {
        e2e_fail(&world->program, "POST /users answered %ld %s", response->status,
                 response->body.data);
    }
    world->id_of_name[world->number_of_slot[slot]] = id + 1;
    if (atomic_fetch_add(&world->answered, 1) + 1 == WARM_ANSWERS) {
        e2e_terminate(&world->program);
    }
}

static void test_http2_under_load(void **state)
{
    struct world *world = *state;
    const struct e2e_load load = {.port = world->program.http_port,
                                  .http = E2E_HTTP2,
                                  .slots = 64,
                                  .user = world,
                                  .next = next_create,
                                  .on_end = on_created};
    e2e_load_run(&load, EXIT_MS_MAX + READ_MS_MAX);
    e2e_wait(&world->program);
    check_store(world);
}

static const char request_head[] = "POST /users HTTP/1.1\r\nHost: localhost\r\n"
                                   "Content-Type: application/json\r\nContent-Length: 17\r\n\r\n";

/* A request whose body is still on its way when the signal comes is waited for. */
static void test_request_half_sent(void **state)
{
    struct world *world = *state;
    int fd = e2e_connect(world->program.http_port, READ_MS_MAX);
    assert_int_not_equal(fd, -1);
    char answer[4096];
    assert_true(send_all(fd, request_head, sizeof request_head - 1));
    assert_true(send_all(fd, "{\"name\":", 8));
    e2e_await_read(&world->program, fd);
    e2e_terminate(&world->program);
    e2e_await_log(&world->program, "event=stopping");
    e2e_sleep_ms(300);
    assert_true(e2e_is_running(&world->program));
    assert_true(send_all(fd, "\"user 7\"}", 9));
    assert_true(read_answer(fd, answer, sizeof answer) > 0);
    assert_non_null(strstr(answer, "HTTP/1.1 201 "));
    assert_non_null(strstr(answer, "{\"id\":0}"));
    world->id_of_name[7] = 1;
    atomic_store(&world->answered, 1);
    e2e_wait(&world->program);
    close(fd);
    check_store(world);
}

/* ---- HTTP/2 frame by frame (RFC 9113) ---- */

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define FRAME(length, type, flags, stream) "\0\0" length type flags "\0\0\0" stream
#define HEADERS "\1"
#define SETTINGS "\4"
#define GOAWAY "\7"
#define CONTINUATION "\x9"
#define DATA "\0"
#define NO_FLAGS "\0"
#define END_STREAM "\1"
#define END_HEADERS "\4"
#define END_BOTH "\5"

/* Of HPACK's static table: the method, the scheme, then path and host as they are. */
#define HEAD(method) method "\x86\x44\6/users\x41\x9localhost"
#define HEAD_BYTES "\x15"
#define GET "\x82"
#define POST "\x83"

/* What a front that drains says: which stream was the last that it took. */
#define GOAWAY_AFTER(stream)                                                                       \
    FRAME("\x19", GOAWAY, NO_FLAGS, "\0") stream "\0\0\0\0graceful shutdown"
#define ANY_STREAM "\x7f\xff\xff\xff"

#define SEND(fd, bytes) assert_true(send_all(fd, bytes, sizeof bytes - 1))
#define HAS(got, text) (memmem((got)->bytes, (got)->len, text, sizeof(text) - 1) != NULL)

struct received {
    size_t len;
    char bytes[16384];
};

/* Reads what comes until the front has closed, and closes. */
static void read_to_the_end(int fd, struct received *got)
{
    ssize_t more;
    got->len = 0;
    while ((more = recv(fd, got->bytes + got->len, sizeof got->bytes - got->len, 0)) > 0) {
        got->len += (size_t)more;
    }
    close(fd);
    assert_true(HAS(got, GOAWAY_AFTER(ANY_STREAM)));
}

/* A body over HTTP/2 that is on its way when the signal comes is waited for, too. */
static void test_http2_request_half_sent(void **state)
{
    struct world *world = *state;
    struct received got;
    int fd = e2e_connect(world->program.http_port, READ_MS_MAX);
    SEND(fd, PREFACE FRAME("\0", SETTINGS, NO_FLAGS, "\0"));
    SEND(fd, FRAME(HEAD_BYTES, HEADERS, END_HEADERS, "\1") HEAD(POST));
    SEND(fd, FRAME("\7", DATA, NO_FLAGS, "\1") "{\"name\"");
    e2e_await_read(&world->program, fd);
    e2e_terminate(&world->program);
    e2e_sleep_ms(1500);
    long long begin_ms = e2e_now_ms();
    SEND(fd, FRAME("\xa", DATA, END_STREAM, "\1") ":\"user 7\"}");
    read_to_the_end(fd, &got);
    assert_true(HAS(&got, "{\"id\":0}"));
    assert_true(HAS(&got, GOAWAY_AFTER("\0\0\0\1")));
    world->id_of_name[7] = 1;
    atomic_store(&world->answered, 1);
    e2e_wait(&world->program);
    assert_in_range(e2e_now_ms() - begin_ms, 0, EARLY_EXIT_MS_MAX);
    check_store(world);
}

/* One stream has an answer that the client does not take yet, another a head that goes on after the
 * signal. */
static void test_http2_head_half_sent(void **state)
{
    struct world *world = *state;
    struct received got;
    int fd = e2e_connect(world->program.http_port, READ_MS_MAX);
    SEND(fd, PREFACE FRAME("\6", SETTINGS, NO_FLAGS, "\0") "\0\4\0\0\0\0"); /* no window */
    SEND(fd, FRAME(HEAD_BYTES, HEADERS, END_BOTH, "\1") HEAD(GET));
    SEND(fd, FRAME(HEAD_BYTES, HEADERS, END_STREAM, "\3") HEAD(GET));
    e2e_await_read(&world->program, fd);
    e2e_terminate(&world->program);
    e2e_sleep_ms(1500);
    long long begin_ms = e2e_now_ms();
    SEND(fd, FRAME("\0", CONTINUATION, END_HEADERS, "\3"));
    SEND(fd, FRAME("\6", SETTINGS, NO_FLAGS, "\0") "\0\4\0\0\1\0"); /* 256 bytes a stream */
    read_to_the_end(fd, &got);
    assert_true(HAS(&got, FRAME("\2", DATA, END_STREAM, "\1") "{}"));
    assert_true(HAS(&got, FRAME("\2", DATA, END_STREAM, "\3") "{}"));
    assert_true(HAS(&got, GOAWAY_AFTER("\0\0\0\3")));
    e2e_wait(&world->program);
    assert_in_range(e2e_now_ms() - begin_ms, 0, EARLY_EXIT_MS_MAX);
}

static const char get[] = "GET /users HTTP/1.1\r\nHost: localhost\r\n\r\n";

/* An old connection is between two requests when the signal comes: those that follow are answered,
 * too, and the last one says so. */
static void test_connection_in_use(void **state)
{
    struct world *world = *state;
    int fd = e2e_connect(world->program.http_port, READ_MS_MAX);
    char answer[4096];
    for (int i = 0; i < 2; i++) {
        e2e_sleep_ms(i * 1500);
        assert_true(send_all(fd, get, sizeof get - 1));
        assert_true(read_answer(fd, answer, sizeof answer) > 0);
    }
    e2e_terminate(&world->program);
    do {
        assert_true(send_all(fd, get, sizeof get - 1));
        assert_true(read_answer(fd, answer, sizeof answer) > 0);
    } while (strcasestr(answer, "\r\nconnection: close\r\n") == NULL);
    e2e_wait(&world->program);
    close(fd);
}

/* Connections that will never send another byte do not keep the program. */
static void test_idle_connections(void **state)
{
    struct world *world = *state;
    char answer[4096];
    int silent = e2e_connect(world->program.http_port, READ_MS_MAX);
    int kept = e2e_connect(world->program.http_port, READ_MS_MAX);
    int stuck = e2e_connect(world->program.http_port, READ_MS_MAX);
    int grpc = e2e_connect(world->program.grpc_port, READ_MS_MAX);
    assert_true(send_all(kept, get, sizeof get - 1));
    assert_true(read_answer(kept, answer, sizeof answer) > 0);
    assert_true(send_all(stuck, request_head, sizeof request_head - 1));
    e2e_await_read(&world->program, stuck);
    long long begin_ms = e2e_now_ms();
    e2e_stop(&world->program);
    assert_in_range(e2e_now_ms() - begin_ms, 0, EXIT_MS_MAX);
    close(silent);
    close(kept);
    close(stuck);
    close(grpc);
}

/* Waits until nobody listens on the port any more. */
static void await_refusal(const struct e2e_program *program, int port)
{
    long long give_up_ms = e2e_now_ms() + E2E_AWAIT_MS_MAX;
    for (int fd; (fd = e2e_connect(port, READ_MS_MAX)) != -1;) {
        close(fd);
        if (e2e_now_ms() > give_up_ms) {
            e2e_fail(program, "port %d is still open", port);
        }
        e2e_sleep_ms(5);
    }
}

/* Whoever keeps the admin listener waiting does not keep gRPC open, or without a
 * grace of its own. */
static void test_admin_connection_half_way(void **state)
{
    struct world *world = *state;
    int admin = e2e_connect(world->program.admin_port, READ_MS_MAX);
    assert_true(send_all(admin, request_head, sizeof request_head - 1));
    e2e_await_read(&world->program, admin);
    e2e_terminate(&world->program);
    await_refusal(&world->program, world->program.grpc_port);
    assert_true(e2e_is_running(&world->program));
    close(admin);
    e2e_wait(&world->program);
}

/* Nothing is connected: nothing to wait for. */
static void test_idle_program_ends_at_once(void **state)
{
    struct world *world = *state;
    long long begin_ms = e2e_now_ms();
    e2e_stop(&world->program);
    assert_in_range(e2e_now_ms() - begin_ms, 0, GRACE_MS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_http1_under_load, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http2_under_load, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_request_half_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http2_request_half_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http2_head_half_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_connection_in_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_idle_connections, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_admin_connection_half_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_idle_program_ends_at_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
