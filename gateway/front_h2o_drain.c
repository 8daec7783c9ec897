/* Connections while the front drains: which have nothing left to do and are closed, and how all are
 * cut off in the end. */
#include "gateway/front_h2o_private.h"

#include <h2o/http2_internal.h>
#include <sys/socket.h>

/* While draining, a connection is given this long from its last answer to send something. */
#define SILENCE_MS 1000

/* Whether an HTTP/2 connection has requests that are being read, served or answered. */
static bool has_streams(const struct gw_front_connection *connection)
{
    const h2o_http2_conn_t *conn = connection->socket->data;
    return conn->num_streams.pull.open > 0;
}

/* Nothing of a request has come, none is being served and no answer is on its way out. */
static bool is_idle(const struct gw_front_connection *connection, const struct gw_front_loop *loop,
                    int64_t now_ns)
{
    h2o_socket_t *socket = connection->socket;
    if (connection->exchanges != NULL || socket->input->size > 0 || h2o_socket_is_writing(socket)) {
        return false;
    }
    int64_t since_ns = connection->ready_at_ns;
    if (connection->is_http2) {
        if (has_streams(connection)) {
            return false;
        }
        /* What it sent before it was told to go may still be on its way. */
        since_ns = loop->draining_since_ns > since_ns ? loop->draining_since_ns : since_ns;
    }
    return since_ns < now_ns - SILENCE_MS * BASE_NS_PER_MS;
}

void gw_front_connections_close_idle(struct gw_front_loop *loop, int64_t now_ns)
{
    for (struct gw_front_connection *at = loop->connections; at != NULL; at = at->next) {
        if (is_idle(at, loop, now_ns)) {
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
