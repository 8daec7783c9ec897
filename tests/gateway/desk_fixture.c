#include "tests/gateway/desk_fixture.h"

#include "library/v1/library.tg.h"
#include "notes/v1/notes.tg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct desk_fixture fix;

static void wake(struct base_mailbox *mailbox)
{
    (void)mailbox;
    atomic_fetch_add(&fix.wakes, 1);
}

void desk_open(const struct gw_admission_policy *policy)
{
    struct base_err err;
    const struct gw_descriptor_set sets[] = {{.bytes = notes_v1_notes_descriptor_set},
                                             {.bytes = library_v1_library_descriptor_set}};
    fix = (struct desk_fixture){0};
    fake_channel_init(&fix.fake);
    fix.fake.plan.is_recorded = true;
    fix.gateway = gw_gateway_create(&(struct gw_gateway_config){.descriptor_sets = sets,
                                                                .descriptor_set_count = 2,
                                                                .channel = &fix.fake.channel,
                                                                .policy = policy},
                                    &err);
    assert_non_null(fix.gateway);
    base_mailbox_init(&fix.mailbox, wake);
    base_timers_init(&fix.timers);
    fix.desk = gw_desk_open(fix.gateway, &fix.mailbox, &fix.timers, DESK_CALLS_MAX);
}

void desk_close(void)
{
    assert_int_equal(gw_desk_calls(fix.desk), 0);
    assert_int_equal(base_timers_next_ns(&fix.timers), BASE_NEVER_NS);
    gw_desk_close(fix.desk);
    base_mailbox_dispose(&fix.mailbox);
    base_timers_dispose(&fix.timers);
    gw_gateway_unref(fix.gateway);
    rpc_channel_destroy(&fix.fake.channel);
}

/* ---- Clients ---- */

struct headers {
    struct gw_header_source source;
    const struct gw_header *next;
};

static bool next_header(struct gw_header_source *source, struct gw_header *out_header)
{
    struct headers *headers = (struct headers *)(void *)source;
    if (headers->next == NULL || headers->next->name.len == 0) {
        return false;
    }
    *out_header = *headers->next++;
    return true;
}

static void on_answer(struct gw_client *self, struct gw_call *call, const struct gw_answer *answer)
{
    struct desk_client *client = (struct desk_client *)(void *)self;
    size_t used = 0;
    base_role_assert_loop();
    client->answer = answer;
    client->answers++;
    client->status = answer->http_status;
    snprintf(client->body, sizeof client->body, "%.*s", BASE_STR_ARGS(answer->body));
    client->headers[0] = '\0';
    for (size_t i = 0; i < answer->header_count; i++) {
        used += (size_t)snprintf(client->headers + used, sizeof client->headers - used,
                                 "%.*s: %.*s\n", BASE_STR_ARGS(answer->headers[i].name),
                                 BASE_STR_ARGS(answer->headers[i].value));
    }
    if (client->releases_at_once) {
        gw_call_release(call);
    }
}

struct gw_call *desk_begin(struct desk_client *client, const char *method, const char *path,
                           const struct gw_header *headers, const char *body)
{
    struct headers source = {.source = {.next = next_header}, .next = headers};
    const char *question = strchr(path, '?');
    const struct gw_exchange exchange = {
        .method = base_str_of(method),
        .raw_path =
            base_str_make(path, question == NULL ? strlen(path) : (size_t)(question - path)),
        .raw_query = base_str_of(question == NULL ? NULL : question + 1),
        .body = base_str_of(body),
        .hop = fix.hop,
        .headers = &source.source,
    };
    client->client.on_answer = on_answer;
    base_role_assert_loop();
    client->call = gw_desk_begin(fix.desk, &exchange, &client->client);
    return client->call;
}
