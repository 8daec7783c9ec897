/* One thread's loop. Everything happens in callbacks of the library's event loop, but for our
 * timers, which run behind it: the library knows only timeouts of a fixed length.
 *
 * Draining has to lose no request. Closing a listener resets what waits in its queue, so first new
 * connections are kept out by a socket filter that drops their SYN (a client that tries again meets
 * a closed port), then those whose handshake was under way get a moment to end it, then the queue
 * is taken in, and only then is the listener closed. */
#include "gateway/front_h2o_private.h"

#include "base/log_writer.h"
#include "base/mem.h"

#include <linux/filter.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How long handshakes under way are waited for. */
#define CLOSING_DOOR_MS 50

/* How often a draining loop looks again. */
#define DRAIN_TICK_MS 10

static void close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

static void after(struct gw_front_loop *loop, int64_t ms)
{
    base_timers_set(&loop->timers, &loop->phase_timer,
                    base_clock_monotonic_ns() + ms * BASE_NS_PER_MS);
}

/* ---- Draining ---- */

/* Drops segments with SYN and without ACK: byte 13 of the TCP header holds the flags. */
static void keep_out(int listener_fd)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),          BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
    /* Without the filter, connections that come in the next moments may be reset: no worse. */
    (void)setsockopt(listener_fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

static void close_listener(struct gw_front_loop *loop)
{
    size_t before;
    do {
        before = loop->connection_count;
        gw_front_on_connection(loop->listener, NULL);
    } while (loop->connection_count > before);
    base_timers_cancel(&loop->timers, &loop->accept_again);
    h2o_socket_close(loop->listener);
    loop->listener = NULL;
}

static void begin_draining(struct gw_front_loop *loop, int64_t now_ns)
{
    loop->phase = GW_FRONT_DRAINING;
    loop->draining_since_ns = now_ns;
    close_listener(loop);
    loop->http1.shutdown_requested = 1; /* its answers are the last; see front_h2o_drain.c */
}

static void keep_draining(struct gw_front_loop *loop, int64_t now_ns) ON_LOOP;

static void keep_draining(struct gw_front_loop *loop, int64_t now_ns)
{
    gw_front_connections_drain(loop, now_ns);
    if (loop->phase == GW_FRONT_DRAINING &&
        now_ns - loop->draining_since_ns >= loop->grace_ms * BASE_NS_PER_MS) {
        loop->phase = GW_FRONT_CUTTING;
    }
    if (loop->phase == GW_FRONT_CUTTING) {
        gw_front_connections_cut(loop);
        gw_front_lingering_close(loop);
    }
    if (loop->connection_count == 0 && loop->linger_count == 0 && gw_desk_calls(loop->desk) == 0) {
        loop->phase = GW_FRONT_STOPPED;
    }
}

static void on_phase(struct base_timer *timer)
{
    struct gw_front_loop *loop = BASE_CONTAINER_OF(timer, struct gw_front_loop, phase_timer);
    int64_t now_ns = base_clock_monotonic_ns();
    base_role_assert_loop();
    if (loop->phase == GW_FRONT_CLOSING_DOOR) {
        begin_draining(loop, now_ns);
    }
    keep_draining(loop, now_ns);
    if (loop->phase != GW_FRONT_STOPPED) {
        after(loop, DRAIN_TICK_MS);
    }
}

static void on_close_mail(struct base_mail *mail)
{
    struct gw_front_loop *loop = BASE_CONTAINER_OF(mail, struct gw_front_loop, close_mail);
    loop->phase = GW_FRONT_CLOSING_DOOR;
    keep_out(h2o_socket_get_fd(loop->listener));
    after(loop, CLOSING_DOOR_MS);
}

/* ---- Replacing the gateway, and keys and plans ---- */

/* One that waits for a loop to take it. */
struct successor {
    struct base_mail mail;
    struct gw_front_loop *loop;
    struct gw_gateway *gateway; /* a reference, or NULL */
    struct gw_access *access;   /* likewise */
};

static void on_successor_mail(struct base_mail *mail)
{
    struct successor *successor = BASE_CONTAINER_OF(mail, struct successor, mail);
    struct gw_desk *desk = successor->loop->desk;
    if (successor->gateway != NULL) {
        gw_desk_replace(desk, successor->gateway);
    }
    if (successor->access != NULL) {
        gw_desk_set_access(desk, successor->access);
    }
    gw_gateway_unref(successor->gateway);
    gw_access_unref(successor->access);
    base_free(successor);
}

static void send_successor(struct gw_front_loop *loop, struct gw_gateway *gateway,
                           struct gw_access *access)
{
    struct successor *successor = base_calloc(1, sizeof *successor);
    *successor = (struct successor){
        .mail = {.on_mail = on_successor_mail},
        .loop = loop,
        .gateway = gateway,
        .access = access,
    };
    base_mailbox_post(&loop->mailbox, &successor->mail);
}

void gw_front_loop_replace(struct gw_front_loop *loop, struct gw_gateway *gateway)
{
    send_successor(loop, gw_gateway_ref(gateway), NULL);
}

void gw_front_loop_set_access(struct gw_front_loop *loop, struct gw_access *access)
{
    send_successor(loop, NULL, gw_access_ref(access));
}

/* ---- The mailbox ---- */

/* On the posting thread. The counter cannot overflow, so the write does not fail. */
static void wake(struct base_mailbox *mailbox)
{
    struct gw_front_loop *loop = BASE_CONTAINER_OF(mailbox, struct gw_front_loop, mailbox);
    uint64_t one = 1;
    ssize_t written = write(loop->event_fd, &one, sizeof one);
    (void)written;
}

static void on_wake(h2o_socket_t *socket, const char *error)
{
    struct gw_front_loop *loop = socket->data;
    uint64_t count;
    ssize_t got = read(loop->event_fd, &count, sizeof count);
    (void)got;
    (void)error;
    base_mailbox_drain(&loop->mailbox);
}

/* ---- The loop's life ---- */

/* Takes the descriptor: the library closes it with the socket. */
static h2o_socket_t *watch_fd(struct gw_front_loop *loop, int *fd, h2o_socket_cb on_readable)
{
    h2o_socket_t *socket = h2o_evloop_socket_create(loop->events, *fd, H2O_SOCKET_FLAG_DONT_READ);
    *fd = -1;
    socket->data = loop;
    h2o_socket_read_start(socket, on_readable);
    return socket;
}

static void loop_start(struct gw_front_loop *loop)
{
    loop->events = h2o_evloop_create();
    h2o_context_init(&loop->http1, loop->events, &loop->front->http1.config);
    h2o_context_init(&loop->http2, loop->events, &loop->front->http2.config);
    loop->wake = watch_fd(loop, &loop->wake_fd, on_wake);
    loop->hangup = watch_fd(loop, &loop->hangup_fd, gw_front_on_hangup);
    loop->accept_again.on_timer = gw_front_on_accept_again;
    loop->phase_timer.on_timer = on_phase;
    gw_front_intake_init(loop);
    loop->desk = gw_desk_open(loop->gateway, &loop->mailbox, &loop->timers, GW_FRONT_CALLS_MAX);
    gw_gateway_unref(loop->gateway);
    loop->gateway = NULL;
    if (loop->access != NULL) {
        gw_desk_set_access(loop->desk, loop->access);
        gw_access_unref(loop->access);
        loop->access = NULL;
    }
    if (loop->front->logs_requests) {
        gw_request_log_init(&loop->request_log, base_log_write, &loop->timers, &base_random_system);
    }
    loop->is_accepting = true;
    loop->listener = watch_fd(loop, &loop->listener_fd, gw_front_on_connection);
}

static void loop_stop(struct gw_front_loop *loop)
{
    gw_request_log_dispose(&loop->request_log);
    gw_desk_close(loop->desk);
    /* From here on nobody is about to wake us through the descriptor that is closed next. */
    base_mailbox_dispose(&loop->mailbox);
    h2o_socket_close(loop->hangup);
    h2o_socket_close(loop->wake);
    h2o_context_dispose(&loop->http1);
    h2o_context_dispose(&loop->http2);
    h2o_evloop_destroy(loop->events);
}

/* How long the library may sleep: until our next timer. */
static int32_t sleep_ms(const struct gw_front_loop *loop)
{
    int64_t next_ns = base_timers_next_ns(&loop->timers);
    if (next_ns == BASE_NEVER_NS) {
        return INT32_MAX;
    }
    int64_t left_ms = (next_ns - base_clock_monotonic_ns() + BASE_NS_PER_MS - 1) / BASE_NS_PER_MS;
    return left_ms <= 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : (int32_t)left_ms;
}

/* Runs what is due. Returns whether anything was: it may have written to sockets, and the library
 * looks at those only on its next round, which must not sleep then. */
static bool run_timers(struct gw_front_loop *loop)
{
    int64_t next_ns = base_timers_next_ns(&loop->timers);
    if (next_ns == BASE_NEVER_NS) {
        return false;
    }
    int64_t now_ns = base_clock_monotonic_ns();
    if (next_ns > now_ns) {
        return false;
    }
    base_timers_run(&loop->timers, now_ns);
    return true;
}

void *gw_front_loop_run(void *argument)
{
    struct gw_front_loop *loop = argument;
    base_role_enter(BASE_ROLE_LOOP);
    loop_start(loop);
    int32_t wait_ms = 0;
    while (loop->phase != GW_FRONT_STOPPED) {
        /* It fails when a signal interrupts it: then the next round does the work. */
        (void)h2o_evloop_run(loop->events, wait_ms);
        wait_ms = run_timers(loop) ? 0 : sleep_ms(loop);
    }
    loop_stop(loop);
    return NULL;
}

void gw_front_loop_init(struct gw_front_loop *loop, struct gw_front *front,
                        struct gw_gateway *gateway, struct gw_access *access)
{
    loop->front = front;
    loop->gateway = gw_gateway_ref(gateway);
    loop->access = access == NULL ? NULL : gw_access_ref(access);
    loop->listener_fd = -1;
    loop->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->wake_fd = loop->event_fd;
    loop->hangup_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->close_mail.on_mail = on_close_mail;
    base_mailbox_init(&loop->mailbox, wake);
    base_timers_init(&loop->timers);
}

void gw_front_loop_close(struct gw_front_loop *loop, int grace_ms)
{
    loop->grace_ms = grace_ms;
    base_mailbox_post(&loop->mailbox, &loop->close_mail);
}

void gw_front_loop_dispose(struct gw_front_loop *loop)
{
    gw_gateway_unref(loop->gateway);
    gw_access_unref(loop->access);
    base_timers_dispose(&loop->timers);
    close_fd(loop->listener_fd);
    close_fd(loop->wake_fd);
    close_fd(loop->hangup_fd);
}
