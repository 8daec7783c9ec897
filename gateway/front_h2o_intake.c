/* What is being read, watched. The library reads heads and bodies by itself and shows a request
 * when it is whole, so one limit it cannot keep is that on all of them together, and over HTTP/2 it
 * knows no time by which a body must have come. So each loop looks through its requests every
 * SWEEP_MS. While those of all loops hold too much memory, whoever holds more than an even share of
 * it is refused: what is left then fits, however few or many they were, and small requests are
 * served throughout.
 *
 * Between two looks more may come than the limit allows: as much as a loop reads in SWEEP_MS. */
#include "gateway/front_h2o_private.h"

#include "base/log.h"
#include "base/mem.h"

#include <h2o/http2_internal.h>
#include <sys/socket.h>

#define SWEEP_MS 50

/* Refused in one go; collected first, because refusing one changes the lists they stand in. */
#define REFUSED_AT_ONCE 64

/* At most one line in the log this often. */
#define LOG_INTERVAL_MS 1000

/* A loop that has held as much, and then a quarter of it, gives back what became free. */
#define MUCH_BYTES (size_t)(64 * 1024 * 1024)

/* A request as a sweep sees it. */
struct reading {
    h2o_req_t *req;
    size_t bytes; /* of memory that its head and body take; 0 for a small one */
    bool is_http2;
    bool is_whole; /* it has been read, or is cut off already */
    bool is_late;
};

struct sweep {
    struct gw_front_loop *loop;
    void (*on_reading)(struct sweep *sweep, const struct reading *reading);
    int64_t now_ms; /* by the clock of the library's time stamps */
    size_t whole_bytes;
    size_t partial_bytes;
    size_t partial_count;
    size_t late_count;
    size_t bytes_max; /* what each may hold while it is being read */
    size_t refused_count;
    struct reading refused[REFUSED_AT_ONCE];
};

/* ---- Looking ---- */

static size_t memory_of(const h2o_buffer_t *buffer)
{
    return buffer->size > GW_FRONT_SMALL_BYTES ? buffer->capacity : 0;
}

/* Over HTTP/1 both stand in the socket's buffer. Time is the library's to keep. */
static int look_at_http1(h2o_req_t *req, void *user)
{
    struct sweep *sweep = user;
    const struct gw_front_connection *connection = gw_front_connection_of(req);
    const struct reading reading = {
        .req = req,
        .bytes = connection->is_cut ? 0 : memory_of(connection->socket->input),
        .is_whole = connection->exchanges != NULL || connection->is_cut,
    };
    sweep->on_reading(sweep, &reading);
    return 0;
}

/* A head in several frames gathers in its connection, a body in its stream. */
static int look_at_http2(h2o_req_t *req, void *user)
{
    struct sweep *sweep = user;
    const h2o_http2_stream_t *stream = BASE_CONTAINER_OF(req, h2o_http2_stream_t, req);
    const h2o_http2_conn_t *conn = BASE_CONTAINER_OF(req->conn, h2o_http2_conn_t, super);
    const struct timeval *began_at = &req->timestamps.request_begin_at;
    struct reading reading = {
        .req = req,
        .is_http2 = true,
        .is_whole = stream->state > H2O_HTTP2_STREAM_STATE_RECV_BODY ||
                    conn->state == H2O_HTTP2_CONN_STATE_IS_CLOSING,
    };
    if (stream->_req_body != NULL) {
        reading.bytes += memory_of(stream->_req_body);
    }
    if (stream->state == H2O_HTTP2_STREAM_STATE_RECV_HEADERS && conn->_headers_unparsed != NULL) {
        reading.bytes += memory_of(conn->_headers_unparsed);
    }
    if (stream->state != H2O_HTTP2_STREAM_STATE_IDLE && !reading.is_whole) {
        int64_t began_ms = began_at->tv_sec * INT64_C(1000) + began_at->tv_usec / 1000;
        reading.is_late = sweep->now_ms - began_ms > sweep->loop->front->read_timeout_ms;
    }
    sweep->on_reading(sweep, &reading);
    return 0;
}

static void look_at_all(struct sweep *sweep)
{
    struct gw_front_loop *loop = sweep->loop;
    struct timeval now = *h2o_get_timestamp(&loop->http2, NULL, NULL);
    sweep->now_ms = now.tv_sec * INT64_C(1000) + now.tv_usec / 1000;
    H2O_HTTP1_CALLBACKS.foreach_request(&loop->http1, look_at_http1, sweep);
    H2O_HTTP2_CALLBACKS.foreach_request(&loop->http2, look_at_http2, sweep);
}

static void count(struct sweep *sweep, const struct reading *reading)
{
    if (reading->is_whole) {
        sweep->whole_bytes += reading->bytes;
    } else if (reading->bytes > 0) {
        sweep->partial_bytes += reading->bytes;
        sweep->partial_count++;
    }
    sweep->late_count += reading->is_late;
}

static void collect(struct sweep *sweep, const struct reading *reading)
{
    bool is_refused = !reading->is_whole && (reading->is_late || reading->bytes > sweep->bytes_max);
    if (is_refused && sweep->refused_count < REFUSED_AT_ONCE) {
        sweep->refused[sweep->refused_count++] = *reading;
    }
}

/* ---- Refusing ---- */

/* Where there is no head yet, or something is being written, nothing else can be said. */
static void refuse_http1(h2o_req_t *req)
{
    struct gw_front_connection *connection = gw_front_connection_of(req);
    h2o_socket_t *socket = connection->socket;
    if (req->version == 0 || h2o_socket_is_writing(socket)) {
        connection->is_cut = true;
        shutdown(h2o_socket_get_fd(socket), SHUT_RDWR);
        return;
    }
    h2o_socket_read_stop(socket);
    req->http1_is_persistent = 0;
    /* With a body to come, the library has copied what it needs of the head. */
    h2o_buffer_consume(&socket->input, socket->input->size);
    h2o_send_error_503(req, gw_front_overloaded.reason, "", H2O_SEND_ERROR_HTTP1_CLOSE_CONNECTION);
}

/* An answer would be lost to a client that goes on sending: the library resets its stream then. So
 * it is reset at once; REFUSED_STREAM says that the request can be sent again (RFC 9113 section
 * 8.7). */
static void refuse_http2(const struct reading *reading)
{
    h2o_http2_stream_t *stream = BASE_CONTAINER_OF(reading->req, h2o_http2_stream_t, req);
    h2o_http2_conn_t *conn = BASE_CONTAINER_OF(reading->req->conn, h2o_http2_conn_t, super);
    int error = reading->is_late ? H2O_HTTP2_ERROR_CANCEL : H2O_HTTP2_ERROR_REFUSED_STREAM;
    h2o_http2__encode_rst_stream_frame(&conn->_write.buf, stream->stream_id, -error);
    h2o_http2_conn_request_write(conn);
    h2o_http2_stream_reset(conn, stream);
}

/* ---- The sweep ---- */

static void count_all(struct sweep *sweep)
{
    struct gw_front_intake *intake = &sweep->loop->intake;
    struct gw_front_room *room = &sweep->loop->front->room;
    sweep->whole_bytes = sweep->partial_bytes = sweep->partial_count = sweep->late_count = 0;
    sweep->on_reading = count;
    look_at_all(sweep);
    atomic_fetch_add(&room->whole_bytes, sweep->whole_bytes - intake->whole_bytes);
    atomic_fetch_add(&room->partial_bytes, sweep->partial_bytes - intake->partial_bytes);
    atomic_fetch_add(&room->partial_count, sweep->partial_count - intake->partial_count);
    intake->whole_bytes = sweep->whole_bytes;
    intake->partial_bytes = sweep->partial_bytes;
    intake->partial_count = sweep->partial_count;
}

/* An even share, for each that is being read, of what the whole ones leave. */
static size_t share(struct gw_front_room *room)
{
    size_t whole = atomic_load(&room->whole_bytes);
    size_t partial = atomic_load(&room->partial_bytes);
    size_t count = atomic_load(&room->partial_count);
    if (whole + partial <= room->bytes_max || count == 0) {
        return SIZE_MAX;
    }
    return whole < room->bytes_max ? (room->bytes_max - whole) / count : 0;
}

static size_t refuse_all(struct sweep *sweep)
{
    size_t total = 0;
    sweep->on_reading = collect;
    do {
        sweep->refused_count = 0;
        look_at_all(sweep);
        for (size_t i = 0; i < sweep->refused_count; i++) {
            const struct reading *reading = &sweep->refused[i];
            if (reading->is_http2) {
                refuse_http2(reading);
            } else {
                refuse_http1(reading->req);
            }
        }
        total += sweep->refused_count;
    } while (sweep->refused_count == REFUSED_AT_ONCE);
    return total;
}

static void log_refused(struct gw_front_intake *intake, size_t refused, int64_t now_ns)
{
    intake->refused_unlogged += refused;
    if (intake->refused_unlogged == 0 ||
        now_ns - intake->logged_at_ns < LOG_INTERVAL_MS * BASE_NS_PER_MS) {
        return;
    }
    char count[24];
    snprintf(count, sizeof count, "%zu", intake->refused_unlogged);
    base_log(BASE_LOG_WARN, "requests refused while being read", "count", count, NULL);
    intake->refused_unlogged = 0;
    intake->logged_at_ns = now_ns;
}

/* The C library keeps what is freed in pieces, which could not be told from a leak. Connections
 * with small requests hold memory, too. */
static void give_back(struct gw_front_loop *loop)
{
    struct gw_front_intake *intake = &loop->intake;
    size_t held =
        intake->whole_bytes + intake->partial_bytes + loop->connection_count * GW_FRONT_SMALL_BYTES;
    if (held >= MUCH_BYTES) {
        intake->has_held_much = true;
    } else if (intake->has_held_much && held < MUCH_BYTES / 4) {
        intake->has_held_much = false;
        base_give_back();
    }
}

static void on_sweep(struct base_timer *timer)
{
    struct gw_front_loop *loop = BASE_CONTAINER_OF(timer, struct gw_front_loop, intake.timer);
    struct sweep sweep = {.loop = loop};
    size_t refused = 0;
    base_role_assert_loop();
    count_all(&sweep);
    sweep.bytes_max = share(&loop->front->room);
    if (sweep.late_count > 0 || sweep.bytes_max < SIZE_MAX) {
        refused = refuse_all(&sweep);
        count_all(&sweep);
    }
    give_back(loop);
    log_refused(&loop->intake, refused, base_clock_monotonic_ns());
    if (loop->connection_count > 0) {
        gw_front_intake_watch(loop);
    }
}

void gw_front_intake_init(struct gw_front_loop *loop)
{
    loop->intake = (struct gw_front_intake){.timer.on_timer = on_sweep};
}

void gw_front_intake_watch(struct gw_front_loop *loop)
{
    if (!base_timer_is_set(&loop->intake.timer)) {
        base_timers_set(&loop->timers, &loop->intake.timer,
                        base_clock_monotonic_ns() + SWEEP_MS * BASE_NS_PER_MS);
    }
}

bool gw_front_intake_has_room(const struct gw_front *front, size_t body_bytes)
{
    return body_bytes <= GW_FRONT_SMALL_BYTES ||
           atomic_load_explicit(&front->room.whole_bytes, memory_order_relaxed) <
               front->room.bytes_max;
}
