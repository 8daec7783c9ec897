/* Connections while the front drains: how their clients are told, which have nothing left to do and
 * are closed, and how all are cut off in the end.
 *
 * Over HTTP/1 the library's answers say that they are the last, and a connection that waits for a
 * request is shut for reading: what has arrived is served still. Over HTTP/2 there are two GOAWAYs
 * (RFC 9113 section 6.8). The first, at once, names no stream: the client is to begin no more, and
 * those on their way are served. The second, when nothing is left to do and a second after the
 * first at the soonest, names the last one that was taken up, so that the client knows of whatever
 * comes later that it was not, and may be sent elsewhere.
 *
 * The library would send both itself, but only to the connections that it has when it is asked to,
 * and the second after a second whatever there is to do: from then on it drops requests that are
 * still being read, and reads a CONTINUATION frame for ever. */
#include "gateway/front_h2o_private.h"

#include <h2o/http2_internal.h>
#include <sys/socket.h>

/* A connection is given this long to send something: from its last answer over HTTP/1, over HTTP/2
 * from the first GOAWAY, by when what a client sent before it read that should have come. */
#define SILENCE_MS 1000

/* Nothing of a request has come, none is being served and no answer is on its way out. */
static bool is_idle(const struct gw_front_connection *connection, int64_t now_ns)
{
    h2o_socket_t *socket = connection->socket;
    return connection->exchanges == NULL && socket->input->size == 0 &&
           !h2o_socket_is_writing(socket) &&
           connection->ready_at_ns < now_ns - SILENCE_MS * BASE_NS_PER_MS;
}

static void send_goaway(h2o_http2_conn_t *conn, uint32_t last_stream_id)
{
    h2o_http2_encode_goaway_frame(&conn->_write.buf, last_stream_id, H2O_HTTP2_ERROR_NONE,
                                  h2o_iovec_init(H2O_STRLIT("graceful shutdown")));
    h2o_http2_conn_request_write(conn);
}

/* The library closes a connection that is half closed and has no streams as soon as it has written.
 * It lingers, for the reset with which a closed socket answers what the client is just sending
 * could overtake the GOAWAY. */
static void send_last_goaway(struct gw_front_connection *connection, h2o_http2_conn_t *conn)
{
    gw_front_connection_linger(connection);
    h2o_socket_read_stop(conn->sock);
    conn->state = H2O_HTTP2_CONN_STATE_HALF_CLOSED;
    send_goaway(conn, conn->pull_stream_ids.max_open);
}

static void drain_http2(struct gw_front_connection *connection, int64_t now_ns)
{
    h2o_http2_conn_t *conn = connection->socket->data;
    if (conn->state != H2O_HTTP2_CONN_STATE_OPEN) {
        return; /* the library is about to close it */
    }
    if (!connection->is_told) {
        connection->is_told = true;
        connection->ready_at_ns = now_ns;
        send_goaway(conn, INT32_MAX);
    } else if (conn->num_streams.pull.open == 0 && is_idle(connection, now_ns)) {
        send_last_goaway(connection, conn);
    }
}

void gw_front_connections_drain(struct gw_front_loop *loop, int64_t now_ns)
{
    for (struct gw_front_connection *at = loop->connections; at != NULL; at = at->next) {
        if (at->is_http2) {
            drain_http2(at, now_ns);
        } else if (is_idle(at, now_ns)) {
            shutdown(h2o_socket_get_fd(at->socket), SHUT_RD);
        }
    }
}

void gw_front_connections_cut(struct gw_front_loop *loop)
{
    for (struct gw_front_connection *at = loop->connections; at != NULL; at = at->next) {
        shutdown(h2o_socket_get_fd(at->socket), SHUT_RDWR);
        for (struct gw_front_exchange *exchange = at->exchanges; exchange != NULL;
             exchange = exchange->next) {
            exchange->req->http1_is_persistent = 0;
            if (exchange->call != NULL) {
                gw_call_cancel(exchange->call);
            }
        }
    }
}
