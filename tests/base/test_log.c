#include "base/log.h"

#include "tests/base/stderr_capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Gives what was written behind the time: "level=...". */
static const char *capture_end(struct stderr_capture capture, char *text, size_t size)
{
    stderr_capture_end(&capture);
    ssize_t len = read(capture.read_fd, text, size - 1);
    close(capture.read_fd);
    text[len < 0 ? 0 : len] = '\0';
    if (text[0] == '\0') {
        return text;
    }
    assert_memory_equal(text, "time=", 5);
    assert_int_equal(strcspn(text, " "), strlen("time=2026-01-31T09:30:00.000Z"));
    return strchr(text, ' ') + 1;
}

static void values_are_quoted_when_they_must(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *line;
    } rows[] = {
        {"127.0.0.1:8080", "level=info event=listening address=127.0.0.1:8080\n"},
        {"", "level=info event=listening address=\"\"\n"},
        {NULL, "level=info event=listening address=\"\"\n"},
        {"two words", "level=info event=listening address=\"two words\"\n"},
        {"say \"hi\"", "level=info event=listening address=\"say \\\"hi\\\"\"\n"},
        {"a\\b", "level=info event=listening address=\"a\\\\b\"\n"},
        {"a=b", "level=info event=listening address=\"a=b\"\n"},
        {"line\nbreak\x7F", "level=info event=listening address=\"line\\x0abreak\\x7f\"\n"},
        {"caf\u00E9\u20AC\U0001F600",
         "level=info event=listening address=\"caf\u00E9\u20AC\U0001F600\"\n"},
        {"no UTF-8: \xFF\xC3(\xE2\x82",
         "level=info event=listening address=\"no UTF-8: \\xff\\xc3(\\xe2\\x82\"\n"},
        {"clear \xC2\x9B"
         "2J\u00A0",
         "level=info event=listening address=\"clear \\xc2\\x9b2J\u00A0\"\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[2 * BASE_LOG_LINE_SIZE];
        struct stderr_capture capture = stderr_capture_begin();
        base_log(BASE_LOG_INFO, "listening", "address", rows[i].value, NULL);
        assert_string_equal(capture_end(capture, text, sizeof text), rows[i].line);
    }
}

static void lines_below_the_level_are_dropped(void **state)
{
    (void)state;
    char text[2 * BASE_LOG_LINE_SIZE];
    struct stderr_capture capture = stderr_capture_begin();
    base_log(BASE_LOG_DEBUG, "unseen", NULL);
    assert_string_equal(capture_end(capture, text, sizeof text), "");
    base_log_set_level(BASE_LOG_ERROR);
    capture = stderr_capture_begin();
    base_log(BASE_LOG_WARN, "unseen", NULL);
    base_log(BASE_LOG_ERROR, "two words", "code", "13", "path", "/a", NULL);
    assert_string_equal(capture_end(capture, text, sizeof text),
                        "level=error event=\"two words\" code=13 path=/a\n");
    base_log_set_level(BASE_LOG_INFO);
}

static void long_lines_are_cut_and_end_in_newline(void **state)
{
    (void)state;
    char value[2 * BASE_LOG_LINE_SIZE];
    memset(value, 'a', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    char text[2 * BASE_LOG_LINE_SIZE];
    struct stderr_capture capture = stderr_capture_begin();
    base_log(BASE_LOG_INFO, "long", "value", value, NULL);
    capture_end(capture, text, sizeof text);
    assert_int_equal(strlen(text), BASE_LOG_LINE_SIZE);
    assert_string_equal(text + BASE_LOG_LINE_SIZE - 3, "aa\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_quoted_when_they_must),
        cmocka_unit_test(lines_below_the_level_are_dropped),
        cmocka_unit_test(long_lines_are_cut_and_end_in_newline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
