#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_BYTES 40000 /* more than one read */

static char path[] = "/tmp/tollgate-file-XXXXXX";

static int write_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    char byte = 'x';
    bool fine = fd >= 0;
    for (int i = 0; fine && i < FILE_BYTES; i++) {
        fine = write(fd, &byte, 1) == 1;
    }
    return fine && close(fd) == 0 ? 0 : -1;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void a_file_is_read_whole(void **state)
{
    (void)state;
    struct base_buf out;
    struct base_err err;
    base_buf_init(&out, FILE_BYTES);
    assert_true(base_file_read(path, &out, &err));
    assert_int_equal(out.len, FILE_BYTES);
    assert_int_equal(out.data[FILE_BYTES - 1], 'x');
    base_buf_dispose(&out);
}

static void assert_refused(const char *of, size_t max_bytes, const char *expected)
{
    struct base_buf out;
    struct base_err err;
    base_buf_init(&out, max_bytes);
    assert_false(base_file_read(of, &out, &err));
    assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    assert_string_equal(err.message, expected);
    base_buf_dispose(&out);
}

static void what_cannot_be_read_is_named(void **state)
{
    (void)state;
    char expected[128];
    snprintf(expected, sizeof expected, "%s has more than %d bytes", path, FILE_BYTES - 1);
    assert_refused(path, FILE_BYTES - 1, expected);
    assert_refused("/nonexistent", 1, "cannot read /nonexistent: No such file or directory");
    assert_refused("/", 1, "cannot read /: Is a directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(what_cannot_be_read_is_named),
    };
    return cmocka_run_group_tests(tests, write_file, remove_file);
}
