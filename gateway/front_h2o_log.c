#include "gateway/front_h2o_private.h"

#include "gateway/target.h"

/* What a client gets no answer to, because it left before. */
#define STATUS_CLIENT_CLOSED_REQUEST 499

void gw_front_log_begin(struct gw_front_exchange *exchange)
{
    struct base_str given = gw_front_header(exchange->req, BASE_STR("x-request-id"));
    exchange->began_ns = base_clock_monotonic_ns();
    if (gw_request_id_is_valid(given)) {
        exchange->request_id = given;
        return;
    }
    gw_request_log_make_id(&exchange->connection->loop->request_log, exchange->request_id_text);
    exchange->request_id = base_str_of(exchange->request_id_text);
}

static struct base_str protocol_of(const h2o_req_t *req)
{
    return req->version >= 0x200   ? BASE_STR("HTTP/2")
           : req->version == 0x101 ? BASE_STR("HTTP/1.1")
                                   : BASE_STR("HTTP/1.0");
}

void gw_front_log_end(struct gw_front_exchange *exchange, int64_t now_ns)
{
    const h2o_req_t *req = exchange->req;
    const struct gw_front_connection *connection = exchange->connection;
    struct gw_call_facts facts = {0};
    if (exchange->call != NULL) {
        facts = gw_call_facts(exchange->call);
    }
    const struct gw_request_entry entry = {
        .method = gw_front_str(req->input.method),
        .route = facts.route,
        .stage = facts.stage,
        .path = gw_target_split(gw_front_str(req->input.path)).raw_path,
        .status = req->res.status == 0 ? STATUS_CLIENT_CLOSED_REQUEST : req->res.status,
        .duration_ns = now_ns - exchange->began_ns,
        .received_bytes = req->entity.len,
        .sent_bytes = req->bytes_sent,
        .peer = base_str_make(connection->peer, connection->peer_len),
        .protocol = protocol_of(req),
        .request_id = exchange->request_id,
        .key_id = facts.key_id,
    };
    gw_request_log_add(&exchange->connection->loop->request_log, &entry);
}
