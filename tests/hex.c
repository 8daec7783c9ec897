#include "tests/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

void to_hex(struct base_str bytes, char *out, size_t size)
{
    assert_true(bytes.len * 2 < size);
    for (size_t i = 0; i < bytes.len; i++) {
        snprintf(out + 2 * i, 3, "%02x", (unsigned char)bytes.data[i]);
    }
    out[2 * bytes.len] = '\0';
}

struct base_str from_hex(const char *hex, char *storage, size_t size)
{
    size_t len = 0;
    while (*hex != '\0') {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        unsigned byte;
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        assert_true(len < size);
        storage[len++] = (char)byte;
        hex += 2;
    }
    return base_str_make(storage, len);
}
