/* Front: HTTP/1.1 and HTTP/2 in front of a gateway, on libh2o's event loop.
 *
 * One thread a loop, each with its own listening socket on the same address (SO_REUSEPORT), its own
 * desk and its own connections. HTTP/2 is spoken in the clear, by prior knowledge; who asks to
 * upgrade to it is answered over HTTP/1.1 (RFC 9113 section 3.1). Errors the library makes up
 * itself (413, a bad chunk, an unknown expectation) leave as JSON, too; only a head it cannot
 * parse, or of too many headers, gets its plain 400. A client that goes away has its call
 * cancelled.
 *
 * Limits of libh2o 2.2.5 that are ours: heads of at most 417,792 bytes and 100 headers; 100 streams
 * a connection. An HTTP/2 body is refused as JSON up to GW_FRONT_HTTP2_BODY_BYTES_MAX; beyond, the
 * library resets the stream.
 */
#ifndef GATEWAY_FRONT_H2O_H
#define GATEWAY_FRONT_H2O_H

#include "gateway/desk.h"

/* Loops of one front. */
#define GW_FRONT_LOOPS_MAX 64

/* Connections a loop holds; at the limit it stops accepting until one closes. */
#define GW_FRONT_CONNECTIONS_MAX 10000

/* Calls in flight a loop holds; a request beyond is answered 503. */
#define GW_FRONT_CALLS_MAX 4096

/* Connections waiting to be accepted, each loop. */
#define GW_FRONT_BACKLOG 1024

/* Streams of one HTTP/2 connection served at once. */
#define GW_FRONT_STREAMS_MAX 100

/* Requests that an HTTP/2 client may give up in a second, once they are being served; one that does
 * so more often is cut off. A page that is left gives up what it has open, at most. */
#define GW_FRONT_GIVEN_UP_PER_S_MAX (2 * GW_FRONT_STREAMS_MAX)

/* A request must have been read whole this long after the connection was ready for it; an idle
 * connection is closed after as long. */
#define GW_FRONT_READ_TIMEOUT_MS 30000
#define GW_FRONT_HTTP2_IDLE_TIMEOUT_MS 30000

/* Memory, in all, for requests of more than GW_FRONT_SMALL_BYTES: those being read and those being
 * served. While it is used up, further ones are refused with 503 and Retry-After, and of those
 * being read whoever holds more than an even share: over HTTP/1 with the same 503, over HTTP/2 with
 * REFUSED_STREAM. It is looked after every 50 ms, so there may be more for as long. */
#define GW_FRONT_BODY_MEMORY_DEFAULT (size_t)(512 * 1024 * 1024)
#define GW_FRONT_BODY_MEMORY_MIN (size_t)(16 * 1024 * 1024)
#define GW_FRONT_SMALL_BYTES (size_t)(16 * 1024)

/* A client that takes nothing of an answer for this long is cut off. */
#define GW_FRONT_SEND_TIMEOUT_MS 30000

/* An HTTP/1 client is watched for hanging up once its call has taken this long. */
#define GW_FRONT_HANGUP_WATCH_MS 50

/* Bytes of an HTTP/2 body that are read, so that it can be refused with an answer. */
#define GW_FRONT_HTTP2_BODY_BYTES_MAX (2 * GW_BODY_BYTES_MAX)

struct gw_front_config {
    struct gw_gateway *gateway; /* the front takes references of its own */
    const char *address;        /* "host:port" or "[ipv6]:port"; port 0 picks a free one */
    size_t loops;               /* threads, 1 to GW_FRONT_LOOPS_MAX */
    struct gw_access *access;   /* as gw_front_set_access has it, from the first request; or NULL */
    bool logs_requests;         /* gateway/request_log.h, on standard error */
    size_t body_memory_bytes;   /* 0: GW_FRONT_BODY_MEMORY_DEFAULT */
    int read_timeout_ms;        /* 0: GW_FRONT_READ_TIMEOUT_MS */
};

struct gw_front;

/* Listens and serves at once. Returns owned; NULL when the address cannot be understood
 * (INVALID_ARGUMENT) or bound (UNAVAILABLE). */
struct gw_front *gw_front_open(const struct gw_front_config *config, struct base_err *err);

/* The port that was bound. */
int gw_front_port(const struct gw_front *front);

/* Puts `gateway` in the place of the one that is served: requests that begin from some moment soon
 * on are its, one moment for each loop, and those that have begun end on the other. None is dropped
 * or waits. The front takes references of its own. Startup thread, before gw_front_drain. */
void gw_front_replace(struct gw_front *front, struct gw_gateway *gateway);

/* Checks requests against these keys and plans, from some moment soon on, one for each loop. The
 * front takes references of its own. Any one thread, before gw_front_drain. */
void gw_front_set_access(struct gw_front *front, struct gw_access *access);

/* Begins what gw_front_close does and returns at once; the loops go on by themselves. Startup
 * thread.
 */
void gw_front_drain(struct gw_front *front, int grace_ms);

/* Drains and stops: no connection is accepted any more, requests that have begun are answered
 * (HTTP/1 with Connection: close, HTTP/2 between a GOAWAY that asks for no more and one that names
 * the last stream that was taken) for at most `grace_ms`, then cut off; the threads end when every
 * rpc has. A handler that does not heed its cancellation holds this up. Frees the front. After
 * gw_front_drain the grace is the one given there. Accepts NULL. Startup thread. */
void gw_front_close(struct gw_front *front, int grace_ms);

#endif
