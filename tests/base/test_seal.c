#include "base/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TEXT_BYTES_MAX 128

/* Zero bytes: the nonce of the test vectors. */
static void fill_zero(const struct base_random *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0, len);
}

static const struct base_random zero_random = {fill_zero};
static const uint8_t zero_key[BASE_SEAL_KEY_BYTES];

/* Test cases 13 and 14 of the GCM specification: key and nonce are all zero. */
static void vectors(void **state)
{
    (void)state;
    static const uint8_t empty_tag[] = {0x53, 0x0f, 0x8a, 0xfb, 0xc7, 0x45, 0x36, 0xb9,
                                        0xa9, 0x63, 0xb4, 0xf1, 0xc4, 0xcb, 0x73, 0x8b};
    static const uint8_t block[] = {0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e,
                                    0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d, 0x18,
                                    0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0,
                                    0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19};
    uint8_t sealed[16 + BASE_SEAL_EXTRA_BYTES];
    base_seal(zero_key, BASE_STR(""), BASE_STR(""), &zero_random, sealed);
    assert_memory_equal(sealed + 12, empty_tag, sizeof empty_tag);
    const char zeros[16] = {0};
    base_seal(zero_key, BASE_STR(""), base_str_make(zeros, 16), &zero_random, sealed);
    assert_memory_equal(sealed + 12, block, sizeof block);
}

static void only_what_was_sealed_is_read(void **state)
{
    (void)state;
    struct base_str text = BASE_STR("abcdefghijklmnopqrstuvwxyz");
    uint8_t key[BASE_SEAL_KEY_BYTES] = {1, 2, 3};
    uint8_t sealed[TEXT_BYTES_MAX];
    char out[TEXT_BYTES_MAX];
    base_seal(key, BASE_STR("here"), text, &base_random_system, sealed);
    struct base_str whole = {(const char *)sealed, text.len + BASE_SEAL_EXTRA_BYTES};
    assert_true(base_unseal(key, BASE_STR("here"), whole, out));
    assert_memory_equal(out, text.data, text.len);

    assert_false(base_unseal(zero_key, BASE_STR("here"), whole, out));
    assert_false(base_unseal(key, BASE_STR("there"), whole, out));
    assert_false(base_unseal(key, BASE_STR("here"), base_str_make(whole.data, whole.len - 1), out));
    assert_false(base_unseal(key, BASE_STR("here"), base_str_make(whole.data, 27), out));
    for (size_t i = 0; i < whole.len; i++) {
        sealed[i] ^= 1;
        assert_false(base_unseal(key, BASE_STR("here"), whole, out));
        sealed[i] ^= 1;
    }
    assert_true(base_unseal(key, BASE_STR("here"), whole, out));
}

static void the_same_text_looks_different_each_time(void **state)
{
    (void)state;
    uint8_t first[TEXT_BYTES_MAX];
    uint8_t second[TEXT_BYTES_MAX];
    base_seal(zero_key, BASE_STR(""), BASE_STR("text"), &base_random_system, first);
    base_seal(zero_key, BASE_STR(""), BASE_STR("text"), &base_random_system, second);
    assert_memory_not_equal(first, second, 4 + BASE_SEAL_EXTRA_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(only_what_was_sealed_is_read),
        cmocka_unit_test(the_same_text_looks_different_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
