/* What the files of the h2o front share; see front_h2o.h for the whole.
 *
 *   front_h2o.c           opening and closing: sockets, configuration, threads
 *   front_h2o_loop.c      one thread's loop: mailbox, timers, draining
 *   front_h2o_connection.c accepting, HTTP/1 or HTTP/2, lingering, hang-ups
 *   front_h2o_intake.c    what is being read: how much, and for how long
 *   front_h2o_drain.c     connections while the front drains: told to go, closed, cut off
 *   front_h2o_request.c   one request: to the desk and back
 *   front_h2o_answer.c    one answer: ours, or the library's own made ours
 *   front_h2o_log.c       one request's id and its line in the log
 */
#ifndef GATEWAY_FRONT_H2O_PRIVATE_H
#define GATEWAY_FRONT_H2O_PRIVATE_H

#define H2O_USE_EPOLL 1
#include <h2o.h>
#include <h2o/http1.h>
#include <h2o/http2.h>

#include "base/container.h"
#include "gateway/front_h2o.h"
#include "gateway/request_log.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

/* The library is configured twice: the size of a body is limited by configuration only, and HTTP/2
 * needs a larger one to be able to answer 413 (see front_h2o.h). */
struct gw_front_protocol {
    h2o_globalconf_t config;
    h2o_handler_t *handler;
};

/* Memory that requests take, over all loops: as each of them last saw. */
struct gw_front_room {
    size_t bytes_max;
    atomic_size_t whole_bytes; /* of those that have been read and are being served */
    atomic_size_t partial_bytes;
    atomic_size_t partial_count; /* of those that are being read and are not small */
};

/* One loop's part in it. */
struct gw_front_intake {
    struct base_timer timer;
    size_t whole_bytes; /* what it has added to the front's */
    size_t partial_bytes;
    size_t partial_count;
    bool has_held_much;
    size_t refused_unlogged;
    int64_t logged_at_ns;
};

struct gw_front {
    const struct gw_cors *cors;       /* as its gateways have it; or NULL */
    const struct gw_dialect *dialect; /* likewise */
    bool logs_requests;
    struct gw_front_protocol http1;
    struct gw_front_protocol http2;
    struct gw_front_room room;
    int read_timeout_ms;
    int port;
    bool is_draining; /* the loops have been told to end */
    size_t loop_count;
    struct gw_front_loop *loops;
};

enum gw_front_phase {
    GW_FRONT_SERVING,
    GW_FRONT_CLOSING_DOOR, /* new connections are kept out, those the kernel has made are still
                              taken in */
    GW_FRONT_DRAINING,     /* the listener is closed; requests that have begun are answered */
    GW_FRONT_CUTTING,      /* the grace is over */
    GW_FRONT_STOPPED,
};

struct gw_front_loop {
    struct gw_front *front;
    struct gw_gateway *gateway; /* what its desk opens with; a reference until then, then NULL */
    struct gw_access *access;   /* likewise */
    pthread_t thread;
    h2o_evloop_t *events;
    h2o_context_t http1;
    h2o_context_t http2;
    int listener_fd; /* this and the two below: until the library takes them, then -1 */
    int wake_fd;
    int hangup_fd;
    h2o_socket_t *listener; /* NULL once closed */
    bool is_accepting;
    struct base_timer accept_again;
    int event_fd; /* what other threads wake the loop through */
    h2o_socket_t *wake;
    struct base_mailbox mailbox;
    struct base_timers timers;
    struct gw_desk *desk;
    struct gw_request_log request_log; /* zeros unless the front logs requests */
    h2o_socket_t *hangup; /* an epoll of the HTTP/1 connections watched for hanging up */
    struct gw_front_connection *connections; /* doubly linked */
    size_t connection_count;
    struct gw_front_intake intake;
    struct gw_front_linger *lingering; /* doubly linked */
    size_t linger_count;
    enum gw_front_phase phase;
    struct base_mail close_mail; /* from gw_front_loop_close */
    int grace_ms;                /* set before close_mail is posted */
    int64_t draining_since_ns;
    struct base_timer phase_timer;
};

struct gw_front_connection {
    struct gw_front_connection *next;
    struct gw_front_connection *previous;
    struct gw_front_loop *loop;
    h2o_socket_t *socket;
    int64_t ready_at_ns; /* when it was accepted, its protocol known, an answer of HTTP/1 ended, or
                            a client of HTTP/2 was told to go */
    struct base_timer first_bytes; /* until it is known which protocol is spoken */
    bool is_http2;
    bool is_told;            /* over HTTP/2: that it is to begin no more requests */
    bool is_cut;             /* its socket is shut, and the library has not noticed yet */
    int64_t second_began_ns; /* of the count below */
    int given_up_count;
    struct gw_front_exchange *exchanges; /* requests being served, doubly linked */
    int linger_fd;                       /* the socket kept open past its close, or -1 */
    size_t peer_len;
    char peer[INET6_ADDRSTRLEN];
};

/* A socket that is shut for writing and read until the client has closed, so that an answer given
 * before the whole request was read is not lost to a reset (RFC 9112 section 9.6). */
struct gw_front_linger {
    struct gw_front_linger *next;
    struct gw_front_linger *previous;
    struct gw_front_loop *loop;
    h2o_socket_t *socket;
    struct base_timer over;
};

/* One request. Lives in the pool of its h2o_req_t, whose end is its end. */
struct gw_front_exchange {
    struct gw_client client;
    h2o_generator_t generator;      /* of its answer; has nothing to do */
    struct gw_front_exchange *next; /* of the same connection */
    struct gw_front_exchange *previous;
    struct gw_front_connection *connection;
    h2o_req_t *req;
    struct gw_call *call; /* NULL while none has begun, and when the desk was full */
    bool is_answered;     /* by whomever; set by gw_front_on_setup */
    bool is_watched;
    struct base_timer watch;
    int64_t began_ns; /* this and the two below: where the front logs requests */
    struct base_str request_id;
    char request_id_text[GW_REQUEST_ID_SIZE];
};

static inline struct base_str gw_front_str(h2o_iovec_t bytes)
{
    return base_str_make(bytes.base, bytes.len);
}

static inline bool gw_front_is_http1(const h2o_req_t *req)
{
    return req->version < 0x200;
}

/* Gives the library's headers one after another. */
struct gw_front_headers {
    struct gw_header_source source;
    const h2o_header_t *next;
    const h2o_header_t *end;
};

/* ---- front_h2o_loop.c ---- */

/* Readies `loop` for its thread; the front then gives it its listener_fd. */
void gw_front_loop_init(struct gw_front_loop *loop, struct gw_front *front,
                        struct gw_gateway *gateway, struct gw_access *access);

/* Tells the thread to put `gateway`, or `access`, in the place of the one it has. Any thread,
 * before gw_front_loop_close. */
void gw_front_loop_replace(struct gw_front_loop *loop, struct gw_gateway *gateway);
void gw_front_loop_set_access(struct gw_front_loop *loop, struct gw_access *access);

/* The thread's function. */
void *gw_front_loop_run(void *loop);

/* Tells the thread to drain and end. Any thread. */
void gw_front_loop_close(struct gw_front_loop *loop, int grace_ms);

/* Frees what is left when the thread has ended or never began. */
void gw_front_loop_dispose(struct gw_front_loop *loop);

/* ---- front_h2o_connection.c ---- */

/* The listener's callback. */
void gw_front_on_connection(h2o_socket_t *listener, const char *error);

/* Takes accepting up again after the limit or a lack of file descriptors stopped it. */
void gw_front_on_accept_again(struct base_timer *timer);

/* The connection of a request. */
struct gw_front_connection *gw_front_connection_of(h2o_req_t *req);

/* Says that the client has given up a request that was being served. */
void gw_front_connection_gave_up(struct gw_front_connection *connection);

/* Keeps the socket past its close, to linger. */
void gw_front_connection_linger(struct gw_front_connection *connection);

/* Closes what still lingers. */
void gw_front_lingering_close(struct gw_front_loop *loop);

/* Watches an HTTP/1 request's client, whom the library does not read from meanwhile. */
void gw_front_exchange_watch(struct gw_front_exchange *exchange);
void gw_front_exchange_unwatch(struct gw_front_exchange *exchange);

/* The callback of the loop's hangup socket. */
void gw_front_on_hangup(h2o_socket_t *socket, const char *error);

/* ---- front_h2o_intake.c ---- */

void gw_front_intake_init(struct gw_front_loop *loop);

/* Has the loop look after its requests from now on, as long as it has connections. */
void gw_front_intake_watch(struct gw_front_loop *loop);

/* Whether a request with a body of so many bytes may be served. */
bool gw_front_intake_has_room(const struct gw_front *front, size_t body_bytes);

/* ---- front_h2o_drain.c ---- */

/* Tells clients of HTTP/2 to go, and closes connections that wait for a request. To be called again
 * and again. */
void gw_front_connections_drain(struct gw_front_loop *loop, int64_t now_ns);

/* Cancels every call and cuts every connection off. */
void gw_front_connections_cut(struct gw_front_loop *loop) ON_LOOP;

/* ---- front_h2o_request.c ---- */

/* Makes the exchange of a request that the library has just handed over, or has answered itself. */
struct gw_front_exchange *gw_front_exchange_create(h2o_req_t *req) ON_LOOP;

/* Installs the handler of requests and the filter of answers. */
void gw_front_protocol_install(struct gw_front_protocol *protocol);

/* ---- front_h2o_answer.c ---- */

/* Borrows the headers, which must not change meanwhile. */
struct gw_front_headers gw_front_headers(const h2o_headers_t *headers);

/* The value of the first header `name` (lower-case) of the request, borrowed; empty without one. */
struct base_str gw_front_header(const h2o_req_t *req, struct base_str name);

/* What the request asks as a preflight; its method is empty when it is none. */
struct gw_preflight gw_front_preflight(const h2o_req_t *req);

/* What a request gets for which there is no room: 503. */
extern const struct gw_answer gw_front_overloaded;

/* Sends `answer`, which outlives the request's pool. */
void gw_front_send(struct gw_front_exchange *exchange, const struct gw_answer *answer);

/* Sends gw_answer_busy, gw_answer_too_large or gw_front_overloaded in the gateway's dialect. */
void gw_front_send_own(struct gw_front_exchange *exchange, const struct gw_answer *answer);

/* Refuses a request that another server may read in another way; its connection is done with. */
void gw_front_refuse(struct gw_front_exchange *exchange, const struct base_err *err);

/* The filter's callback: every answer passes it once its head is known. Turns the library's own
 * errors into JSON and adds the headers that all have. */
void gw_front_on_setup(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot);

/* ---- front_h2o_log.c ---- */

/* Notes when the exchange began and takes its id from the client or makes one. */
void gw_front_log_begin(struct gw_front_exchange *exchange) ON_LOOP;

/* Logs the exchange as it ends. */
void gw_front_log_end(struct gw_front_exchange *exchange, int64_t now_ns) ON_LOOP;

#endif
