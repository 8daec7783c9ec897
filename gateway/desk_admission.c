/* A call that waits for its quota is held by the waiter's mail, as one with an rpc is by its
 * on_status: whatever ends the call meanwhile, the object stays until the mail has come. */
#include "gateway/desk_private.h"

#include "base/container.h"

static void add_admission_headers(struct gw_call *call, enum gw_verdict verdict)
{
    struct gw_header *next = gw_call_more_headers(call, GW_ADMISSION_HEADERS_MAX);
    if (next != NULL) {
        call->answer.header_count +=
            gw_admission_headers(&call->admission, verdict, &call->arena, next);
    }
}

/* The buffer cannot be too small for one of these. */
static void refuse(struct gw_call *call, enum gw_verdict verdict)
{
    base_buf_reset(&call->json, GW_CALL_KEEP_BYTES);
    base_buf_append_str(&call->json, gw_admission_body(verdict));
    call->answer.content_type = GW_JSON_TYPE;
    add_admission_headers(call, verdict);
    gw_call_give_answer(call, gw_admission_status(verdict));
}

static void go_on(struct gw_call *call, enum gw_verdict verdict)
{
    if (verdict != GW_ADMITTED) {
        refuse(call, verdict);
        return;
    }
    if (gw_admission_has_quota(&call->admission)) {
        add_admission_headers(call, verdict);
        call->own_headers = call->answer.header_count;
    }
    gw_call_start_rpc(call);
}

static void on_quota_mail(struct base_mail *mail)
{
    struct gw_call *call = BASE_CONTAINER_OF(mail, struct gw_call, admission.waiter.mail);
    bool is_wanted = !call->is_answered;
    base_role_assert_loop();
    gw_call_hold(call);
    call->is_waiting = false;
    enum gw_verdict verdict = gw_admission_resume(&call->admission, is_wanted);
    if (is_wanted) {
        go_on(call, verdict);
    }
    gw_call_let_go(call);
}

void gw_call_take_quota(struct gw_call *call, int64_t timeout_ns)
{
    call->deadline_ns = call->began_ns + timeout_ns;
    enum gw_verdict verdict =
        gw_admission_take_quota(&call->admission, call->began_ns, call->desk->home, on_quota_mail);
    call->is_waiting = verdict == GW_WAITING;
    if (call->is_waiting) {
        base_timers_set(call->desk->timers, &call->deadline, call->deadline_ns);
    } else {
        go_on(call, verdict);
    }
}

/* The id lives as long as the snapshot, which the tenure holds; the value dies with the request.
 * Both are good metadata: a snapshot has no others. */
bool gw_call_tell_service(struct gw_call *call, struct base_str api_key)
{
    const struct gw_grant *grant = call->admission.grant;
    struct base_str value;
    if (grant == NULL) {
        return true;
    }
    if (!base_arena_copy(&call->arena, api_key, &value)) {
        return base_err_set(&call->err, BASE_RESOURCE_EXHAUSTED,
                            "the request's headers are too large");
    }
    const struct rpc_metadata_entry id = {BASE_STR("tollgate-api-key-id"), grant->key_id};
    const struct rpc_metadata_entry key = {BASE_STR("x-api-key"), value};
    return rpc_metadata_add_known(&call->metadata, &call->arena, &id, &call->err) &&
           rpc_metadata_add_known(&call->metadata, &call->arena, &key, &call->err);
}

bool gw_call_check_admission(struct gw_call *call, struct base_str api_key)
{
    struct gw_admission_request request = {
        .policy = call->tenure->gateway->policy,
        .access = call->tenure->access,
        .memory = &call->desk->admission_memory,
        .route = call->route,
        .stage = call->stage,
        .api_key = api_key,
        .now_ns = call->began_ns,
    };
    if (request.policy == NULL) {
        return true;
    }
    enum gw_verdict verdict = gw_admission_check(&call->admission, &request);
    if (verdict != GW_ADMITTED) {
        refuse(call, verdict);
    }
    return verdict == GW_ADMITTED;
}
