/* The library's connections are its own; ours stands beside each and learns of its end through the
 * socket's on_close. Which protocol is spoken is decided here, on the first bytes, because the two
 * are configured apart; what was read stays in the socket's buffer for the library. */
#include "gateway/front_h2o_private.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections taken in one go, so that those already there get their turn. */
#define ACCEPTED_AT_ONCE 64

/* How long accepting rests when there are no file descriptors left. */
#define ACCEPT_PAUSE_MS 100

/* How long, and how many at once, sockets linger. */
#define LINGER_MS 2000
#define LINGER_COUNT_MAX 1024

/* Bytes thrown away in one go. */
#define DISCARD_BYTES (size_t)(1024 * 1024)

/* Hang-ups learnt of in one go. */
#define HANGUPS_AT_ONCE 64

static int64_t after_ms(int64_t ms)
{
    return base_clock_monotonic_ns() + ms * BASE_NS_PER_MS;
}

/* ---- Lingering ---- */

static void linger_end(struct gw_front_linger *linger)
{
    struct gw_front_loop *loop = linger->loop;
    base_timers_cancel(&loop->timers, &linger->over);
    if (linger->next != NULL) {
        linger->next->previous = linger->previous;
    }
    if (linger->previous != NULL) {
        linger->previous->next = linger->next;
    } else {
        loop->lingering = linger->next;
    }
    loop->linger_count--;
    h2o_socket_close(linger->socket);
    base_free(linger);
}

static void on_linger_over(struct base_timer *timer)
{
    linger_end(BASE_CONTAINER_OF(timer, struct gw_front_linger, over));
}

static void on_linger_bytes(h2o_socket_t *socket, const char *error)
{
    struct gw_front_linger *linger = socket->data;
    ssize_t got = recv(h2o_socket_get_fd(socket), NULL, DISCARD_BYTES, MSG_TRUNC | MSG_DONTWAIT);
    bool is_open = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    if (error != NULL || !is_open) {
        linger_end(linger);
    }
}

/* Takes `fd`. */
static void linger_begin(struct gw_front_loop *loop, int fd)
{
    if (loop->linger_count == LINGER_COUNT_MAX || shutdown(fd, SHUT_WR) != 0) {
        close(fd);
        return;
    }
    struct gw_front_linger *linger = base_calloc(1, sizeof *linger);
    linger->loop = loop;
    linger->next = loop->lingering;
    if (linger->next != NULL) {
        linger->next->previous = linger;
    }
    loop->lingering = linger;
    loop->linger_count++;
    linger->over.on_timer = on_linger_over;
    base_timers_set(&loop->timers, &linger->over, after_ms(LINGER_MS));
    linger->socket = h2o_evloop_socket_create(loop->events, fd, H2O_SOCKET_FLAG_DONT_READ);
    linger->socket->data = linger;
    h2o_socket_read_start(linger->socket, on_linger_bytes);
}

void gw_front_lingering_close(struct gw_front_loop *loop)
{
    while (loop->lingering != NULL) {
        linger_end(loop->lingering);
    }
}

void gw_front_connection_linger(struct gw_front_connection *connection)
{
    if (connection->linger_fd < 0) {
        connection->linger_fd = fcntl(h2o_socket_get_fd(connection->socket), F_DUPFD_CLOEXEC, 0);
    }
}

/* ---- Hang-ups ---- */

void gw_front_exchange_watch(struct gw_front_exchange *exchange)
{
    struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = exchange};
    int fd = h2o_socket_get_fd(exchange->connection->socket);
    exchange->is_watched = epoll_ctl(h2o_socket_get_fd(exchange->connection->loop->hangup),
                                     EPOLL_CTL_ADD, fd, &event) == 0;
}

void gw_front_exchange_unwatch(struct gw_front_exchange *exchange)
{
    struct gw_front_loop *loop = exchange->connection->loop;
    base_timers_cancel(&loop->timers, &exchange->watch);
    if (exchange->is_watched) {
        int fd = h2o_socket_get_fd(exchange->connection->socket);
        epoll_ctl(h2o_socket_get_fd(loop->hangup), EPOLL_CTL_DEL, fd, NULL);
        exchange->is_watched = false;
    }
}

/* The client may have closed, or only have ended its side; nobody can tell. So the call is
 * cancelled and its answer is sent to whoever still reads. */
void gw_front_on_hangup(h2o_socket_t *socket, const char *error)
{
    (void)error;
    base_role_assert_loop();
    struct epoll_event events[HANGUPS_AT_ONCE];
    int count = epoll_wait(h2o_socket_get_fd(socket), events, HANGUPS_AT_ONCE, 0);
    for (int i = 0; i < count; i++) {
        struct gw_front_exchange *exchange = events[i].data.ptr;
        exchange->req->http1_is_persistent = 0;
        gw_call_cancel(exchange->call);
    }
}

/* ---- A connection's life ---- */

static void resume_accepting(struct gw_front_loop *loop)
{
    if (!loop->is_accepting && loop->listener != NULL) {
        loop->is_accepting = true;
        h2o_socket_read_start(loop->listener, gw_front_on_connection);
    }
}

static void pause_accepting(struct gw_front_loop *loop)
{
    loop->is_accepting = false;
    h2o_socket_read_stop(loop->listener);
}

static void on_close(void *data)
{
    struct gw_front_connection *connection = data;
    struct gw_front_loop *loop = connection->loop;
    base_timers_cancel(&loop->timers, &connection->first_bytes);
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        loop->connections = connection->next;
    }
    loop->connection_count--;
    if (connection->linger_fd >= 0) {
        linger_begin(loop, connection->linger_fd);
    }
    base_free(connection);
    if (!base_timer_is_set(&loop->accept_again)) {
        resume_accepting(loop);
    }
}

static void read_peer(struct gw_front_connection *connection)
{
    struct sockaddr_storage address;
    const void *ip = NULL;
    if (h2o_socket_getpeername(connection->socket, (struct sockaddr *)&address) > 0) {
        if (address.ss_family == AF_INET) {
            ip = &((struct sockaddr_in *)(void *)&address)->sin_addr;
        } else if (address.ss_family == AF_INET6) {
            ip = &((struct sockaddr_in6 *)(void *)&address)->sin6_addr;
        }
    }
    if (ip != NULL &&
        inet_ntop(address.ss_family, ip, connection->peer, sizeof connection->peer) != NULL) {
        connection->peer_len = strlen(connection->peer);
    }
}

/* Hands the socket to the library. It stays ours only through on_close. */
static void speak(struct gw_front_connection *connection, bool http2)
{
    struct gw_front_loop *loop = connection->loop;
    h2o_context_t *context = http2 ? &loop->http2 : &loop->http1;
    h2o_accept_ctx_t accept = {.ctx = context, .hosts = context->globalconf->hosts};
    base_timers_cancel(&loop->timers, &connection->first_bytes);
    connection->is_http2 = http2;
    connection->ready_at_ns = base_clock_monotonic_ns();
    h2o_socket_read_stop(connection->socket);
    struct timeval now = *h2o_get_timestamp(context, NULL, NULL);
    if (http2) {
        h2o_http2_accept(&accept, connection->socket, now);
    } else {
        h2o_http1_accept(&accept, connection->socket, now);
    }
}

/* The preface of HTTP/2 (RFC 9113 section 3.4) is handed on whole, so that the library writes its
 * SETTINGS at once, before a drain may write GOAWAY. */
static void on_first_bytes(h2o_socket_t *socket, const char *error)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    struct gw_front_connection *connection = socket->data;
    if (error != NULL) {
        h2o_socket_close(socket);
        return;
    }
    size_t len = sizeof preface - 1;
    size_t seen = socket->input->size < len ? socket->input->size : len;
    if (memcmp(socket->input->bytes, preface, seen) != 0) {
        speak(connection, false);
    } else if (seen == len) {
        speak(connection, true);
    }
}

static void on_silence(struct base_timer *timer)
{
    h2o_socket_close(BASE_CONTAINER_OF(timer, struct gw_front_connection, first_bytes)->socket);
}

static void connection_open(struct gw_front_loop *loop, h2o_socket_t *socket)
{
    struct gw_front_connection *connection = base_calloc(1, sizeof *connection);
    connection->loop = loop;
    connection->socket = socket;
    connection->linger_fd = -1;
    connection->ready_at_ns = base_clock_monotonic_ns();
    connection->next = loop->connections;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    loop->connections = connection;
    loop->connection_count++;
    socket->on_close.cb = on_close;
    socket->on_close.data = connection;
    socket->data = connection;
    read_peer(connection);
    connection->first_bytes.on_timer = on_silence;
    base_timers_set(&loop->timers, &connection->first_bytes,
                    after_ms(loop->front->read_timeout_ms));
    gw_front_intake_watch(loop);
    h2o_socket_read_start(socket, on_first_bytes);
}

struct gw_front_connection *gw_front_connection_of(h2o_req_t *req)
{
    return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

/* Each one costs a call that nobody waits for, and frees its stream for the next at once, so that
 * the limit of streams does not bound them (CVE-2023-44487). */
void gw_front_connection_gave_up(struct gw_front_connection *connection)
{
    int64_t now_ns = base_clock_monotonic_ns();
    if (now_ns - connection->second_began_ns >= BASE_NS_PER_S) {
        connection->second_began_ns = now_ns;
        connection->given_up_count = 0;
    }
    if (++connection->given_up_count > GW_FRONT_GIVEN_UP_PER_S_MAX && !connection->is_cut) {
        connection->is_cut = true;
        shutdown(h2o_socket_get_fd(connection->socket), SHUT_RDWR);
    }
}

/* ---- Accepting ---- */

void gw_front_on_accept_again(struct base_timer *timer)
{
    resume_accepting(BASE_CONTAINER_OF(timer, struct gw_front_loop, accept_again));
}

void gw_front_on_connection(h2o_socket_t *listener, const char *error)
{
    struct gw_front_loop *loop = listener->data;
    if (error != NULL) {
        return;
    }
    for (int i = 0; i < ACCEPTED_AT_ONCE; i++) {
        if (loop->connection_count == GW_FRONT_CONNECTIONS_MAX) {
            pause_accepting(loop);
            return;
        }
        h2o_socket_t *socket = h2o_evloop_socket_accept(listener);
        if (socket == NULL) {
            /* Out of descriptors or memory the listener stays readable: rest, do not spin. */
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                pause_accepting(loop);
                base_timers_set(&loop->timers, &loop->accept_again, after_ms(ACCEPT_PAUSE_MS));
            }
            return;
        }
        connection_open(loop, socket);
    }
}
