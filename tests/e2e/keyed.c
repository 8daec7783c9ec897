#include "tests/e2e/keyed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char *e2e_tool(const struct e2e_program *program, const char *format, ...)
{
    static char output[8192];
    char command[1024];
    va_list args;
    int len = snprintf(command, sizeof command, "%s ", TOLLGATE_PROGRAM);
    va_start(args, format);
    len += vsnprintf(command + len, sizeof command - (size_t)len, format, args);
    va_end(args);
    snprintf(command + len, sizeof command - (size_t)len, " --json --admin-url http://127.0.0.1:%d",
             program->admin_port);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t got = fread(output, 1, sizeof output - 1, pipe);
    output[got] = '\0';
    if (pclose(pipe) != 0) {
        e2e_fail(program, "%s: %s", command, output);
    }
    return output;
}

void e2e_member(const char *json, const char *name, char *out, size_t size)
{
    char mark[32];
    snprintf(mark, sizeof mark, "\"%s\":", name);
    const char *at = strstr(json, mark);
    assert_non_null(at);
    at = strchr(at + strlen(mark), '"');
    assert_non_null(at);
    size_t len = strcspn(at + 1, "\"");
    assert_in_range(len, 1, size - 1);
    memcpy(out, at + 1, len);
    out[len] = '\0';
}

/* "values":{"key":[[USED,REMAINING],[USED,REMAINING]],...} */
long e2e_used(const struct e2e_program *program, const char *plan, time_t since)
{
    char days[2][16];
    for (int i = 0; i < 2; i++) {
        time_t at = since + i * 24 * 60 * 60;
        struct tm utc;
        strftime(days[i], sizeof days[i], "%Y-%m-%d", gmtime_r(&at, &utc));
    }
    const char *output =
        e2e_tool(program, "plans usage %s --from %s --to %s", plan, days[0], days[1]);
    long used = 0;
    for (const char *at = output; (at = strchr(at, '[')) != NULL; at++) {
        used += strtol(at + 1, NULL, 10);
    }
    return used;
}

const struct e2e_response *e2e_get(struct e2e_client *client, const char *path, const char *key)
{
    char header[128];
    snprintf(header, sizeof header, "x-api-key: %s", key == NULL ? "" : key);
    struct e2e_request request = {
        .method = "GET", .path = path, .headers = key == NULL ? NULL : header};
    return e2e_client_call(client, &request);
}

void e2e_assert_refused(const struct e2e_response *response, long status, const char *body,
                        const char *type)
{
    char header[100] = "";
    assert_int_equal(response->status, status);
    assert_true(base_str_eq(base_buf_str(&response->body), base_str_of(body)));
    assert_true(e2e_response_header(response, "x-amzn-ErrorType", header, sizeof header));
    assert_string_equal(header, type);
}

long long e2e_wait_for_status(struct e2e_client *client, const char *path, const char *key,
                              long status, long long ms_max)
{
    long long start_ms = e2e_now_ms();
    long last;
    while ((last = e2e_get(client, path, key)->status) != status) {
        if (e2e_now_ms() - start_ms > ms_max) {
            fail_msg("%s answers %ld, expected %ld", path, last, status);
        }
        e2e_sleep_ms(20);
    }
    return e2e_now_ms() - start_ms;
}
