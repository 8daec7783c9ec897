/* Marks are bound by walking the expected and the actual text side by side. */
#include "tests/e2e/rows.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MARKS_MAX 512
#define TEXT_SIZE 8192
#define CLOCK_SLACK_S 120

struct mark {
    char name[32]; /* "<id:a>" */
    char value[512];
};

struct story {
    const struct e2e_program *program;
    struct e2e_client *client;
    struct mark marks[MARKS_MAX];
    size_t mark_count;
    char last_time[64];
    char mismatch[512];
};

/* Length of the mark `text` starts with, or 0. */
static size_t mark_len(const char *text)
{
    static const char *const kinds[] = {"<id:", "<time:", "<token:"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strncmp(text, kinds[i], strlen(kinds[i])) == 0) {
            return strcspn(text, ">") + 1;
        }
    }
    return 0;
}

static const char *find_value(const struct story *story, const char *mark, size_t len)
{
    for (size_t i = 0; i < story->mark_count; i++) {
        if (strlen(story->marks[i].name) == len && strncmp(story->marks[i].name, mark, len) == 0) {
            return story->marks[i].value;
        }
    }
    return NULL;
}

/* Copies `text` with the values of its marks, which must all be known. */
static void substitute(const struct story *story, const char *text, char *out, size_t size)
{
    size_t used = 0;
    while (*text != '\0') {
        size_t len = mark_len(text);
        const char *value = len == 0 ? NULL : find_value(story, text, len);
        if (len != 0 && value == NULL) {
            fail_msg("mark %.*s is used before it is met", (int)len, text);
        }
        size_t count = len == 0 ? 1 : strlen(value);
        assert_true(used + count < size);
        memcpy(out + used, len == 0 ? text : value, count);
        used += count;
        text += len == 0 ? 1 : len;
    }
    out[used] = '\0';
}

/* Whether `text` has the shape of `pattern`: x a hex digit, 9 a digit, v one of 89ab, any other
 * itself. Gives its length, or 0. */
static size_t shape_len(const char *text, const char *pattern)
{
    size_t i = 0;
    for (; pattern[i] != '\0'; i++) {
        char c = text[i];
        bool fits = pattern[i] == 'x'   ? isdigit((unsigned char)c) || (c >= 'a' && c <= 'f')
                    : pattern[i] == '9' ? isdigit((unsigned char)c) != 0
                    : pattern[i] == 'v' ? c != '\0' && strchr("89ab", c) != NULL
                                        : c == pattern[i];
        if (!fits) {
            return 0;
        }
    }
    return i;
}

static bool is_near_now(const char *time_text)
{
    struct tm utc = {0};
    strptime(time_text, "%Y-%m-%dT%H:%M:%S", &utc);
    long long apart_s = (long long)timegm(&utc) - (long long)time(NULL);
    return apart_s > -CLOCK_SLACK_S && apart_s < CLOCK_SLACK_S;
}

/* Length of the value that a mark of this kind has at `text`, or 0. */
static size_t value_len(struct story *story, const char *mark, const char *text)
{
    if (mark[1] == 'i') {
        return shape_len(text, "xxxxxxxx-xxxx-7xxx-vxxx-xxxxxxxxxxxx");
    }
    if (strncmp(mark, "<token:", 7) == 0) {
        return strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~");
    }
    /* ProtoJSON prints the milliseconds only where they are not zero. */
    size_t len = shape_len(text, "9999-99-99T99:99:99.999Z");
    len = len == 0 ? shape_len(text, "9999-99-99T99:99:99Z") : len;
    /* Compared without the Z: "…:59" sorts before "…:59.001". */
    if (len == 0 || !is_near_now(text) || strncmp(text, story->last_time, len - 1) < 0) {
        return 0;
    }
    snprintf(story->last_time, sizeof story->last_time, "%.*s", (int)len - 1, text);
    return len;
}

/* Whether `text` is what `expected` says; binds the marks met for the first time. */
static bool matches(struct story *story, const char *expected, const char *text)
{
    const char *at = text;
    while (*expected != '\0') {
        size_t len = mark_len(expected);
        if (len == 0) {
            if (*expected != *at) {
                break;
            }
            expected++;
            at++;
            continue;
        }
        const char *known = find_value(story, expected, len);
        size_t count = known == NULL                            ? value_len(story, expected, at)
                       : strncmp(known, at, strlen(known)) == 0 ? strlen(known)
                                                                : 0;
        struct mark *mark = &story->marks[story->mark_count];
        if (count == 0 || count >= sizeof mark->value || len >= sizeof mark->name) {
            break;
        }
        if (known == NULL) {
            assert_true(++story->mark_count < MARKS_MAX);
            snprintf(mark->name, sizeof mark->name, "%.*s", (int)len, expected);
            snprintf(mark->value, sizeof mark->value, "%.*s", (int)count, at);
        }
        expected += len;
        at += count;
    }
    if (*expected == '\0' && *at == '\0') {
        return true;
    }
    snprintf(story->mismatch, sizeof story->mismatch, "differs at byte %zu: expected %.60s",
             (size_t)(at - text), *expected == '\0' ? "its end" : expected);
    return false;
}

static bool check_header(struct story *story, const char *line, size_t len,
                         const struct e2e_response *response)
{
    char expected[1024];
    char value[1024];
    snprintf(expected, sizeof expected, "%.*s", (int)len, line);
    if (expected[0] == '-') {
        bool is_there = e2e_response_header(response, expected + 1, value, sizeof value);
        snprintf(story->mismatch, sizeof story->mismatch, "header %.100s must not be there",
                 expected + 1);
        return !is_there;
    }
    char *colon = strstr(expected, ": ");
    assert_non_null(colon);
    *colon = '\0';
    if (!e2e_response_header(response, expected, value, sizeof value)) {
        snprintf(story->mismatch, sizeof story->mismatch, "header %.100s is missing", expected);
        return false;
    }
    if (!matches(story, colon + 2, value)) {
        snprintf(story->mismatch, sizeof story->mismatch,
                 "header %.100s: expected %.150s, is %.150s", expected, colon + 2, value);
        return false;
    }
    return true;
}

/* A Content-Length is what has come; HEAD tells that of the body it leaves out. */
static bool check_length(struct story *story, const struct e2e_row *row,
                         const struct e2e_response *response)
{
    char length[32];
    bool is_there = e2e_response_header(response, "content-length", length, sizeof length);
    bool is_right = !is_there || strcmp(row->method, "HEAD") == 0 ||
                    strtoul(length, NULL, 10) == response->body.len;
    snprintf(story->mismatch, sizeof story->mismatch, "content-length is not that of the body");
    return is_right && is_there == (row->status != 204);
}

static bool check_headers(struct story *story, const struct e2e_row *row,
                          const struct e2e_response *response)
{
    static const char json_type[] = "content-type: application/json";
    if (row->json != NULL && !check_header(story, json_type, sizeof json_type - 1, response)) {
        return false;
    }
    for (const char *line = row->received == NULL ? "" : row->received; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        if (!check_header(story, line, len, response)) {
            return false;
        }
        line += line[len] == '\n' ? len + 1 : len;
    }
    return true;
}

static bool check(struct story *story, const struct e2e_row *row, enum e2e_http http,
                  const struct e2e_response *response)
{
    long version = http == E2E_HTTP2 ? CURL_HTTP_VERSION_2_0 : CURL_HTTP_VERSION_1_1;
    if (response->outcome != CURLE_OK) {
        snprintf(story->mismatch, sizeof story->mismatch, "no answer: %s",
                 curl_easy_strerror(response->outcome));
        return false;
    }
    if (response->status != row->status) {
        snprintf(story->mismatch, sizeof story->mismatch, "expected status %ld", row->status);
        return false;
    }
    if (response->http_version != version) {
        snprintf(story->mismatch, sizeof story->mismatch, "another HTTP version");
        return false;
    }
    return check_length(story, row, response) && check_headers(story, row, response) &&
           matches(story, row->json == NULL ? "" : row->json, response->body.data);
}

/* Appends `text`, with marks for what the server chose. Times are all alike, since two may be the
 * same or not. */
static void append_generic(const struct story *story, const char *text, size_t len,
                           struct base_buf *out)
{
    for (size_t i = 0; i < len;) {
        const struct mark *found = NULL;
        for (size_t m = 0; m < story->mark_count && found == NULL; m++) {
            size_t value_len_m = strlen(story->marks[m].value);
            if (value_len_m >= 20 && len - i >= value_len_m &&
                memcmp(text + i, story->marks[m].value, value_len_m) == 0) {
                found = &story->marks[m];
            }
        }
        bool is_time = found != NULL && found->name[1] == 't' && found->name[2] == 'i';
        assert_true(found == NULL ? base_buf_append_char(out, text[i])
                                  : base_buf_append_str(out, is_time ? BASE_STR("<time>")
                                                                     : base_str_of(found->name)));
        i += found == NULL ? 1 : strlen(found->value);
    }
}

static void append_answer(const struct story *story, const struct e2e_row *row,
                          const struct e2e_response *response, struct base_buf *out)
{
    assert_true(base_buf_printf(out, "# %s\n", row->name));
    const char *line = response->headers.data;
    while (*line != '\0') {
        size_t len = strcspn(line, "\n") + 1;
        if (strncasecmp(line, "date:", 5) != 0 && strncasecmp(line, "content-length:", 15) != 0) {
            append_generic(story, line, len, out);
        }
        line += len;
    }
    append_generic(story, response->body.data, response->body.len, out);
    assert_true(base_buf_append_char(out, '\n'));
}

static bool run_row(struct story *story, const struct e2e_row *row, enum e2e_http http,
                    struct base_buf *transcript)
{
    static char path[TEXT_SIZE];
    static char headers[TEXT_SIZE];
    static char body[TEXT_SIZE];
    substitute(story, row->path, path, sizeof path);
    substitute(story, row->headers == NULL ? "" : row->headers, headers, sizeof headers);
    substitute(story, row->body == NULL ? "" : row->body, body, sizeof body);
    const struct e2e_request request = {
        .method = row->method,
        .path = path,
        .headers = headers,
        .body = {row->body == NULL ? NULL : body, row->body == NULL ? 0 : strlen(body)},
    };
    const struct e2e_response *response = e2e_client_call(story->client, &request);
    bool is_right = check(story, row, http, response);
    if (!is_right) {
        print_error("row \"%s\": %s %s %s\n  %s\n  expected %ld %s\n  got      %ld %s\n", row->name,
                    row->method, path, body, story->mismatch, row->status,
                    row->json == NULL ? "(no body)" : row->json, response->status,
                    response->body.data);
    }
    if (transcript != NULL) {
        append_answer(story, row, response, transcript);
    }
    return is_right;
}

void e2e_table_run(const struct e2e_table *table, const struct e2e_program *program,
                   enum e2e_http http, struct base_buf *transcript)
{
    static struct story story;
    story =
        (struct story){.program = program, .client = e2e_client_create(program->http_port, http)};
    size_t wrong = 0;
    for (size_t i = 0; i < table->count; i++) {
        wrong += run_row(&story, &table->rows[i], http, transcript) ? 0 : 1;
    }
    e2e_client_destroy(story.client);
    if (wrong > 0) {
        e2e_fail(program, "%s: %zu of %zu rows got another answer", table->name, wrong,
                 table->count);
    }
}

/* What one generated test works with. */
struct table_test {
    const struct e2e_table *table;
    enum e2e_http http;
    char name[128];
    struct e2e_dir dir;
    struct e2e_program program;
};

static int set_up(void **state)
{
    struct table_test *test = *state;
    e2e_dir_make(&test->dir);
    e2e_start_serve(&test->program, &test->dir);
    return 0;
}

static int tear_down(void **state)
{
    struct table_test *test = *state;
    e2e_kill(&test->program);
    e2e_dir_remove(&test->dir);
    return 0;
}

static void run_table_test(void **state)
{
    struct table_test *test = *state;
    e2e_table_run(test->table, &test->program, test->http, NULL);
    e2e_stop(&test->program);
}

size_t e2e_table_tests(const struct e2e_table *tables, size_t table_count,
                       struct CMUnitTest tests[E2E_TESTS_MAX], size_t test_count)
{
    static struct table_test storage[E2E_TESTS_MAX];
    for (size_t i = 0; i < table_count * 2; i++) {
        assert_true(test_count < E2E_TESTS_MAX);
        struct table_test *test = &storage[test_count];
        test->table = &tables[i / 2];
        test->http = i % 2 == 0 ? E2E_HTTP1 : E2E_HTTP2;
        snprintf(test->name, sizeof test->name, "%s over HTTP/%s", test->table->name,
                 test->http == E2E_HTTP1 ? "1.1" : "2");
        tests[test_count++] = (struct CMUnitTest){.name = test->name,
                                                  .test_func = run_table_test,
                                                  .setup_func = set_up,
                                                  .teardown_func = tear_down,
                                                  .initial_state = test};
    }
    return test_count;
}
