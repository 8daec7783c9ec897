#include "gateway/desk.h"

#include "notes/v1/notes.tg.h"
#include "tests/gateway/desk_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

enum { HEADERS_MAX = 4 };

/* The wire bytes of {"noteId":"42","title":"Hello"} as a notes.v1.Note. */
static const struct base_str note_wire = {"\x0A\x02"
                                          "42"
                                          "\x12\x05"
                                          "Hello",
                                          11};
#define NOTE_JSON "{\"noteId\":\"42\",\"title\":\"Hello\",\"content\":\"\"}"

static int open_desk(void **state)
{
    (void)state;
    desk_open(NULL);
    fix.fake.plan.response = note_wire;
    return 0;
}

static int close_desk(void **state)
{
    (void)state;
    desk_close();
    return 0;
}

static const struct {
    const char *name;
    const char *method;
    const char *path;
    struct gw_header headers[HEADERS_MAX];
    const char *request;
    int status;
    const char *answer;
    const char *answer_headers;
} request_rows[] = {
    {"get", "GET", "/notes/42", {{{0}, {0}}}, "", 200, NOTE_JSON, ""},
    {"head is get", "HEAD", "/notes/42", {{{0}, {0}}}, "", 200, NOTE_JSON, ""},
    {"create has its own status",
     "POST",
     "/notes",
     {{{0}, {0}}},
     "{\"title\":\"Hello\"}",
     201,
     NOTE_JSON,
     ""},
    {"no such path",
     "GET",
     "/nope",
     {{{0}, {0}}},
     "",
     404,
     "{\"code\":5,\"message\":\"Not Found\",\"details\":[]}",
     ""},
    {"a trailing slash is another path",
     "GET",
     "/notes/42/",
     {{{0}, {0}}},
     "",
     404,
     "{\"code\":5,\"message\":\"Not Found\",\"details\":[]}",
     ""},
    {"no such method",
     "POST",
     "/notes/42",
     {{{0}, {0}}},
     "",
     405,
     "{\"code\":12,\"message\":\"Method Not Allowed\",\"details\":[]}",
     "allow: GET, HEAD, PUT, PATCH, DELETE, OPTIONS\n"},
    {"options",
     "OPTIONS",
     "/notes/42",
     {{{0}, {0}}},
     "",
     204,
     "",
     "allow: GET, HEAD, PUT, PATCH, DELETE, OPTIONS\n"},
    {"options of nothing",
     "OPTIONS",
     "/nope",
     {{{0}, {0}}},
     "",
     404,
     "{\"code\":5,\"message\":\"Not Found\",\"details\":[]}",
     ""},
    {"options of the server", "OPTIONS", "*", {{{0}, {0}}}, "", 204, "", ""},
    {"no other method of the server",
     "GET",
     "*",
     {{{0}, {0}}},
     "",
     400,
     "{\"code\":3,\"message\":\"the path does not start with \\\"/\\\" or has a malformed "
     "percent escape\",\"details\":[]}",
     ""},
    {"bad escape",
     "GET",
     "/notes/%zz",
     {{{0}, {0}}},
     "",
     400,
     "{\"code\":3,\"message\":\"the path does not start with \\\"/\\\" or has a malformed "
     "percent escape\",\"details\":[]}",
     ""},
    {"content type",
     "POST",
     "/notes",
     {{BASE_STR("content-type"), BASE_STR("text/plain")}},
     "{}",
     415,
     "{\"code\":3,\"message\":\"the body must be application/json in UTF-8, without a "
     "Content-Encoding\",\"details\":[]}",
     ""},
    {"content encoding",
     "POST",
     "/notes",
     {{BASE_STR("content-encoding"), BASE_STR("gzip")}},
     "{}",
     415,
     "{\"code\":3,\"message\":\"the body must be application/json in UTF-8, without a "
     "Content-Encoding\",\"details\":[]}",
     ""},
    {"any body where none belongs",
     "DELETE",
     "/notes/42",
     {{BASE_STR("content-type"), BASE_STR("text/plain")}},
     "hello",
     400,
     "{\"code\":3,\"message\":\"body of 5 bytes: expected none for DELETE "
     "\\\"/notes/{note_id}\\\"\",\"details\":[]}",
     ""},
    {"a content type without a body",
     "GET",
     "/notes/42",
     {{BASE_STR("content-type"), BASE_STR("text/plain")}},
     "",
     200,
     NOTE_JSON,
     ""},
    {"no time",
     "GET",
     "/notes/42",
     {{BASE_STR("grpc-timeout"), BASE_STR("0n")}},
     "",
     504,
     "{\"code\":4,\"message\":\"deadline exceeded\",\"details\":[]}",
     ""},
};

static void requests_get_their_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof request_rows / sizeof *request_rows; i++) {
        struct desk_client client = {.releases_at_once = true};
        desk_begin(&client, request_rows[i].method, request_rows[i].path, request_rows[i].headers,
                   request_rows[i].request);
        if (client.answers != 1 || client.status != request_rows[i].status ||
            strcmp(client.body, request_rows[i].answer) != 0 ||
            strcmp(client.headers, request_rows[i].answer_headers) != 0) {
            fail_msg("%s: %d answers, %d, %s, %s", request_rows[i].name, client.answers,
                     client.status, client.body, client.headers);
        }
    }
}

static void refusals_that_name_their_reason(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct gw_header header;
        const char *body;
        const char *begins;
    } rows[] = {
        {"json",
         {BASE_STR("x"), BASE_STR("y")},
         "{\"title\":",
         "{\"code\":3,\"message\":\"body at byte"},
        {"grpc-timeout", {BASE_STR("grpc-timeout"), BASE_STR("5")}, "{}", "{\"code\":3,"},
        {"x-server-timeout",
         {BASE_STR("x-server-timeout"), BASE_STR("soon")},
         "{}",
         "{\"code\":3,"},
        {"bin", {BASE_STR("grpc-metadata-a-bin"), BASE_STR("***")}, "{}", "{\"code\":3,"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct desk_client client = {.releases_at_once = true};
        const struct gw_header headers[2] = {rows[i].header};
        desk_begin(&client, "POST", "/notes", headers, rows[i].body);
        if (client.status != 400 ||
            strncmp(client.body, rows[i].begins, strlen(rows[i].begins)) != 0) {
            fail_msg("%s: %d, %s", rows[i].name, client.status, client.body);
        }
    }
    assert_int_equal(fix.fake.started, 0);
}

static void headers_past_the_limit_are_refused(void **state)
{
    (void)state;
    static char cookie[RPC_METADATA_BYTES_MAX];
    memset(cookie, 'c', sizeof cookie);
    const struct gw_header headers[] = {
        {BASE_STR("cookie"), base_str_make(cookie, sizeof cookie)},
        {{0}, {0}},
    };
    struct desk_client client = {.releases_at_once = true};
    desk_begin(&client, "GET", "/notes/42", headers, "");
    assert_int_equal(client.status, 431);
    assert_string_equal(
        client.body,
        "{\"code\":8,\"message\":\"the request's headers are too large\",\"details\":[]}");
}

static void the_rpc_gets_message_metadata_and_deadline(void **state)
{
    (void)state;
    static const struct gw_header headers[] = {
        {BASE_STR("authorization"), BASE_STR("Bearer abc")},
        {BASE_STR("grpc-metadata-color"), BASE_STR("blue")},
        {BASE_STR("connection"), BASE_STR("keep-alive")},
        {BASE_STR("x-forwarded-for"), BASE_STR("203.0.113.9")},
        {BASE_STR("x-forwarded-for"), BASE_STR("198.51.100.1")},
        {BASE_STR("grpc-timeout"), BASE_STR("9S")},
        {BASE_STR("x-server-timeout"), BASE_STR("2.5")},
        {{0}, {0}},
    };
    struct desk_client client = {.releases_at_once = true};
    fix.hop = (struct gw_hop){.peer = BASE_STR("192.0.2.7"), .authority = BASE_STR("api.example")};
    int64_t before_ns = base_clock_monotonic_ns();
    desk_begin(&client, "GET", "/notes/4%2F2", headers, "");
    assert_int_equal(client.status, 200);
    assert_string_equal(fix.fake.last_path, "/notes.v1.Notes/GetNote");
    assert_int_equal(fix.fake.last_request_len, 5);
    assert_memory_equal(fix.fake.last_request,
                        "\x0A\x03"
                        "4/2",
                        5);
    assert_non_null(strstr(fix.fake.last_metadata, "authorization=Bearer abc\n"));
    assert_non_null(strstr(fix.fake.last_metadata, "color=blue\n"));
    assert_null(strstr(fix.fake.last_metadata, "keep-alive"));
    assert_non_null(
        strstr(fix.fake.last_metadata, "x-forwarded-for=203.0.113.9, 198.51.100.1, 192.0.2.7\n"));
    assert_non_null(strstr(fix.fake.last_metadata, "x-forwarded-host=api.example\n"));
    int64_t waits_ns = fix.fake.last_deadline_ns - before_ns;
    assert_in_range(waits_ns, 2500 * BASE_NS_PER_MS, 9000 * BASE_NS_PER_MS - 1); /* the sooner */
}

/* What a proxy before the gateway was asked for is told, and not what the proxy asks for. */
static void the_first_host_that_was_asked_for_is_told(void **state)
{
    (void)state;
    static const struct gw_header headers[] = {
        {BASE_STR("x-forwarded-host"), BASE_STR("api.example")}, {{0}, {0}}};
    struct desk_client client = {.releases_at_once = true};
    fix.hop = (struct gw_hop){.authority = BASE_STR("inner.example")};
    desk_begin(&client, "GET", "/notes/1", headers, "");
    assert_int_equal(client.status, 200);
    assert_string_equal(fix.fake.last_metadata, "x-forwarded-host=api.example\n");
}

static void rpc_failures_become_statuses(void **state)
{
    (void)state;
    static const struct {
        enum base_code code;
        bool is_silent;
        struct base_str response;
        int status;
        const char *body;
    } rows[] = {
        {BASE_NOT_FOUND,
         false,
         {0},
         404,
         "{\"code\":5,\"message\":\"note 42 not found\",\"details\":[]}"},
        {BASE_UNAVAILABLE,
         false,
         {0},
         503,
         "{\"code\":14,\"message\":\"note 42 not found\",\"details\":[]}"},
        {BASE_CANCELLED, false, {0}, 499, "{\"code\":1,\"message\":\"cancelled\",\"details\":[]}"},
        {BASE_OK,
         true,
         {0},
         500,
         "{\"code\":13,\"message\":\"the method answered no message\",\"details\":[]}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct desk_client client = {.releases_at_once = true};
        fix.fake.plan = (struct fake_plan){.code = rows[i].code,
                                           .is_silent = rows[i].is_silent,
                                           .response = rows[i].response,
                                           .message = BASE_STR("note 42 not found")};
        desk_begin(&client, "GET", "/notes/42", NULL, "");
        assert_int_equal(client.status, rows[i].status);
        assert_string_equal(client.body, rows[i].body);
    }
}

static void a_damaged_response_is_internal(void **state)
{
    (void)state;
    struct desk_client client = {.releases_at_once = true};
    fix.fake.plan.response = BASE_STR("\x0A\x7F");
    desk_begin(&client, "GET", "/notes/42", NULL, "");
    assert_int_equal(client.status, 500);
    assert_memory_equal(client.body, "{\"code\":13,", 11);
}

static void answered_metadata_becomes_headers(void **state)
{
    (void)state;
    struct desk_client client = {.releases_at_once = true};
    fix.fake.plan.header_key = BASE_STR("x-next-page-token");
    fix.fake.plan.header_value = BASE_STR("abc");
    desk_begin(&client, "GET", "/notes/42", NULL, "");
    assert_string_equal(client.headers, "x-next-page-token: abc\n");
}

/* Header and trailing metadata of successes and failures; a 401 always has a challenge. */
static void trailers_and_challenges_become_headers(void **state)
{
    (void)state;
    static const struct {
        enum base_code code;
        struct base_str header;
        struct base_str trailer;
        const char *headers;
    } rows[] = {
        {BASE_OK, {0}, BASE_STR("checksum"), "grpc-trailer-checksum: abc\n"},
        {BASE_OK, BASE_STR("x-a"), BASE_STR("x-b"), "x-a: abc\ngrpc-trailer-x-b: abc\n"},
        {BASE_NOT_FOUND, BASE_STR("a"), BASE_STR("b"),
         "grpc-metadata-a: abc\ngrpc-trailer-b: abc\n"},
        {BASE_OK, {0}, BASE_STR("connection"), ""},
        {BASE_UNAUTHENTICATED, {0}, {0}, "www-authenticate: Bearer\n"},
        {BASE_UNAUTHENTICATED, BASE_STR("x-a"), BASE_STR("x-b"),
         "x-a: abc\ngrpc-trailer-x-b: abc\nwww-authenticate: Bearer\n"},
        {BASE_UNAUTHENTICATED, BASE_STR("www-authenticate"), {0}, "www-authenticate: abc\n"},
        {BASE_UNAUTHENTICATED, {0}, BASE_STR("www-authenticate"), "www-authenticate: abc\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct desk_client client = {.releases_at_once = true};
        fix.fake.plan = (struct fake_plan){.code = rows[i].code,
                                           .response = note_wire,
                                           .header_key = rows[i].header,
                                           .header_value = BASE_STR("abc"),
                                           .trailer_key = rows[i].trailer,
                                           .trailer_value = BASE_STR("abc")};
        desk_begin(&client, "GET", "/notes/42", NULL, "");
        assert_string_equal(client.headers, rows[i].headers);
    }
}

static void the_deadline_answers_and_the_late_result_is_dropped(void **state)
{
    (void)state;
    base_role_assert_loop();
    static const struct gw_header headers[] = {{BASE_STR("x-server-timeout"), BASE_STR("1")},
                                               {{0}, {0}}};
    struct desk_client client = {0};
    fix.fake.plan.end = FAKE_NEVER;
    struct gw_call *call = desk_begin(&client, "GET", "/notes/42", headers, "");
    assert_non_null(call);
    assert_int_equal(client.answers, 0);
    int64_t due_ns = base_timers_next_ns(&fix.timers);
    base_timers_run(&fix.timers, due_ns - 1);
    assert_int_equal(client.answers, 0);
    base_timers_run(&fix.timers, due_ns);
    assert_int_equal(client.answers, 1);
    assert_int_equal(client.status, 504);
    assert_string_equal(client.body,
                        "{\"code\":4,\"message\":\"deadline exceeded\",\"details\":[]}");
    assert_int_equal(fix.fake.cancelled, 1);
    gw_call_release(call);
    assert_int_equal(gw_desk_calls(fix.desk), 1); /* until the rpc has ended */
    base_mailbox_drain(&fix.mailbox);
    assert_int_equal(client.answers, 1);
    assert_int_equal(gw_desk_calls(fix.desk), 0);
}

/* The front may still be sending the answer when the result comes: it must stay as it is. */
static void a_result_on_its_way_at_the_deadline_is_dropped(void **state)
{
    (void)state;
    base_role_assert_loop();
    static char note[4 + 0x10000] = "\x1A\x80\x80\x04"; /* its content has 64 KiB */
    memset(note + 4, 'x', sizeof note - 4);
    struct desk_client client = {0};
    fix.fake.plan = (struct fake_plan){.end = FAKE_LATER,
                                       .response = base_str_make(note, sizeof note),
                                       .header_key = BASE_STR("x-late"),
                                       .header_value = BASE_STR("abc")};
    struct gw_call *call = desk_begin(&client, "GET", "/notes/42", NULL, "");
    fake_channel_await(&fix.wakes, 1);
    base_timers_run(&fix.timers, base_timers_next_ns(&fix.timers));
    assert_int_equal(client.status, 504);
    base_mailbox_drain(&fix.mailbox);
    assert_int_equal(client.answers, 1);
    assert_int_equal(client.answer->header_count, 0);
    assert_int_equal(client.answer->body.len, strlen(client.body));
    assert_memory_equal(client.answer->body.data, client.body, client.answer->body.len);
    gw_call_release(call);
}

/* A call object serves one request after another. */
static void what_failed_before_is_forgotten(void **state)
{
    (void)state;
    struct desk_client client = {.releases_at_once = true};
    desk_begin(&client, "POST", "/notes", NULL, "{");
    assert_int_equal(client.status, 400);
    fix.fake.plan.is_silent = true;
    desk_begin(&client, "GET", "/notes/42", NULL, "");
    assert_int_equal(client.status, 500);
    assert_string_equal(
        client.body, "{\"code\":13,\"message\":\"the method answered no message\",\"details\":[]}");
}

static void a_cancelled_call_answers_499(void **state)
{
    (void)state;
    base_role_assert_loop();
    struct desk_client client = {0};
    fix.fake.plan.end = FAKE_NEVER;
    struct gw_call *call = desk_begin(&client, "GET", "/notes/42", NULL, "");
    gw_call_cancel(call);
    gw_call_cancel(call);
    assert_int_equal(client.answers, 1);
    assert_int_equal(client.status, 499);
    assert_int_equal(fix.fake.cancelled, 1);
    base_mailbox_drain(&fix.mailbox);
    gw_call_release(call);
}

static void a_released_call_never_answers(void **state)
{
    (void)state;
    base_role_assert_loop();
    struct desk_client client = {0};
    fix.fake.plan.end = FAKE_NEVER;
    struct gw_call *call = desk_begin(&client, "GET", "/notes/42", NULL, "");
    gw_call_release(call);
    assert_int_equal(fix.fake.cancelled, 1);
    base_mailbox_drain(&fix.mailbox);
    assert_int_equal(client.answers, 0);
}

static void results_come_through_the_mailbox(void **state)
{
    (void)state;
    struct desk_client client = {.releases_at_once = true};
    fix.fake.plan.end = FAKE_LATER;
    desk_begin(&client, "GET", "/notes/42", NULL, "");
    assert_int_equal(client.answers, 0);
    struct timespec tick = {0, 1000000};
    while (!base_mailbox_drain(&fix.mailbox)) {
        nanosleep(&tick, NULL);
    }
    assert_int_equal(client.status, 200);
    assert_string_equal(client.body, NOTE_JSON);
}

static void a_full_desk_refuses(void **state)
{
    (void)state;
    base_role_assert_loop();
    struct desk_client clients[DESK_CALLS_MAX + 1] = {0};
    struct gw_call *calls[DESK_CALLS_MAX];
    fix.fake.plan.end = FAKE_NEVER;
    for (int i = 0; i < DESK_CALLS_MAX; i++) {
        calls[i] = desk_begin(&clients[i], "GET", "/notes/42", NULL, "");
        assert_non_null(calls[i]);
    }
    assert_null(desk_begin(&clients[DESK_CALLS_MAX], "GET", "/notes/42", NULL, ""));
    assert_int_equal(gw_answer_busy.http_status, 503);
    for (int i = 0; i < DESK_CALLS_MAX; i++) {
        gw_call_release(calls[i]);
    }
    base_mailbox_drain(&fix.mailbox);
    fix.fake.plan.end = FAKE_INLINE;
    clients[DESK_CALLS_MAX].releases_at_once = true;
    assert_non_null(desk_begin(&clients[DESK_CALLS_MAX], "GET", "/notes/42", NULL, ""));
}

static void a_gateway_needs_every_method(void **state)
{
    (void)state;
    struct fake_channel fake;
    struct base_err err;
    fake_channel_init(&fake);
    fake.missing = "/notes.v1.Notes/GetNote";
    struct gw_descriptor_set set = {.bytes = notes_v1_notes_descriptor_set};
    struct gw_gateway_config config = {
        .descriptor_sets = &set, .descriptor_set_count = 1, .channel = &fake.channel};
    assert_null(gw_gateway_create(&config, &err));
    assert_int_equal(err.code, BASE_UNIMPLEMENTED);
    assert_string_equal(err.message,
                        "notes.v1.Notes.GetNote: unknown method /notes.v1.Notes/GetNote");
    set.bytes = BASE_STR("\xFF");
    assert_null(gw_gateway_create(&config, &err));
    assert_memory_equal(err.message, "descriptor set 1: ", 18);
    set.name = "api.binpb";
    assert_null(gw_gateway_create(&config, &err));
    assert_memory_equal(err.message, "api.binpb: ", 11);
}

#define ON_A_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_DESK(requests_get_their_answers),
        ON_A_DESK(refusals_that_name_their_reason),
        ON_A_DESK(headers_past_the_limit_are_refused),
        ON_A_DESK(the_rpc_gets_message_metadata_and_deadline),
        ON_A_DESK(the_first_host_that_was_asked_for_is_told),
        ON_A_DESK(rpc_failures_become_statuses),
        ON_A_DESK(a_damaged_response_is_internal),
        ON_A_DESK(answered_metadata_becomes_headers),
        ON_A_DESK(trailers_and_challenges_become_headers),
        ON_A_DESK(the_deadline_answers_and_the_late_result_is_dropped),
        ON_A_DESK(a_result_on_its_way_at_the_deadline_is_dropped),
        ON_A_DESK(what_failed_before_is_forgotten),
        ON_A_DESK(a_cancelled_call_answers_499),
        ON_A_DESK(a_released_call_never_answers),
        ON_A_DESK(results_come_through_the_mailbox),
        ON_A_DESK(a_full_desk_refuses),
        ON_A_DESK(a_gateway_needs_every_method),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
