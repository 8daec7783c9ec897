/* How calls are answered: by the gateway itself, or with what an rpc has left in the call. */
#include "gateway/desk_private.h"

#include "gateway/status.h"

void gw_call_give_answer(struct gw_call *call, int http_status)
{
    bool has_body = http_status != 204 && http_status != 205;
    call->is_answered = true;
    base_timers_cancel(call->desk->timers, &call->deadline);
    call->answer.http_status = http_status;
    call->answer.reason = gw_status_reason(http_status);
    call->answer.has_body = has_body;
    if (has_body) {
        call->answer.body = base_buf_str(&call->json);
    }
    call->client->on_answer(call->client, call, &call->answer);
}

struct gw_header *gw_call_more_headers(struct gw_call *call, size_t more)
{
    size_t count = call->answer.header_count;
    struct gw_header *headers = base_arena_alloc(&call->arena, (count + more) * sizeof *headers);
    if (headers == NULL) {
        return NULL;
    }
    if (count > 0) {
        memcpy(headers, call->answer.headers, count * sizeof *headers);
    }
    call->answer.headers = headers;
    return headers + count;
}

/* Writes an error as the gateway's dialect has it. */
static void write_error(struct gw_call *call, enum base_code code, struct base_str message,
                        struct base_str details)
{
    const struct gw_gateway *gateway = call->tenure->gateway;
    base_buf_reset(&call->json, GW_CALL_KEEP_BYTES);
    if (gateway->dialect == NULL) {
        gw_status_to_json(code, message, details, &gateway->options, &call->json);
        return;
    }
    struct gw_header *header = gw_call_more_headers(call, 1);
    struct gw_header type =
        gateway->dialect->write_error(gateway->dialect, code, message, &call->json);
    if (header != NULL) {
        *header = type;
        call->answer.header_count++;
    }
}

void gw_call_answer_status(struct gw_call *call, int http_status, enum base_code code,
                           struct base_str message, struct base_str details)
{
    write_error(call, code, message, details);
    call->answer.content_type = GW_JSON_TYPE;
    gw_call_give_answer(call, http_status);
}

void gw_call_answer_text(struct gw_call *call, int http_status, enum base_code code,
                         const char *message)
{
    gw_call_answer_status(call, http_status, code, base_str_of(message), (struct base_str){0});
}

void gw_call_answer_err(struct gw_call *call)
{
    gw_call_answer_text(call, gw_status_http(call->err.code), call->err.code, call->err.message);
}

/* Answers without waiting for the rpc, whose result will find nobody. */
void gw_call_give_up(struct gw_call *call, enum base_code code, const char *message)
{
    if (call->is_answered) {
        return;
    }
    gw_call_hold(call);
    call->answer.header_count = call->own_headers;
    gw_call_answer_text(call, gw_status_http(code), code, message);
    if (call->rpc != NULL) {
        rpc_call_cancel(call->rpc);
    }
    gw_call_let_go(call);
}
