#include "server/key_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_what_is_a_value(void **state)
{
    (void)state;
    char longest[SRV_KEY_VALUE_BYTES_MAX + 2];
    memset(longest, 'x', sizeof longest);
    const struct {
        struct base_str value;
        const char *message; /* NULL: it is one */
    } rows[] = {
        {BASE_STR("tollgatedemokey0123456789"), NULL},
        {BASE_STR("0123456789abcdef-GHI"), NULL},
        {BASE_STR("____________________"), NULL},
        {{longest, SRV_KEY_VALUE_BYTES_MAX}, NULL},
        {{longest, SRV_KEY_VALUE_BYTES_MAX + 1},
         "an API key's value has from 20 to 128 characters, this one has 129"},
        {BASE_STR("0123456789abcdef-GH"),
         "an API key's value has from 20 to 128 characters, this one has 19"},
        {BASE_STR(""), "an API key's value has from 20 to 128 characters, this one has 0"},
        {BASE_STR("0123456789 0123456789"),
         "an API key's value is made of letters, digits, \"-\" and \"_\"; byte 10 of this one is "
         "none of them"},
        {BASE_STR("01234567890123456789\xC3\xA4"),
         "an API key's value is made of letters, digits, \"-\" and \"_\"; byte 20 of this one is "
         "none of them"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_err err;
        bool ok = srv_key_value_check(rows[i].value, &err);
        assert_int_equal(ok, rows[i].message == NULL);
        if (!ok) {
            assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
            assert_string_equal(err.message, rows[i].message);
        }
    }
}

/* Bytes from a counter: `next`, ... 255, 0 ... */
struct rising {
    struct base_random random;
    uint8_t *next;
};

static void fill_rising(const struct base_random *self, void *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)out)[i] = (*((const struct rising *)self)->next)++;
    }
}

static void test_made_values(void **state)
{
    (void)state;
    static const struct {
        uint8_t first;
        const char *value;
    } rows[] = {
        {0, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcd"},
        {64, "23456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"},
        {192, "6789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"},
        {240, "stuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUV"}, /* from 248 on they are passed over */
    };
    char value[SRV_KEY_VALUE_MADE_BYTES + 1];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t next = rows[i].first;
        const struct rising rising = {{fill_rising}, &next};
        srv_key_value_make(&rising.random, value);
        assert_string_equal(value, rows[i].value);
    }
    struct base_err err;
    char other[SRV_KEY_VALUE_MADE_BYTES + 1];
    srv_key_value_make(&base_random_system, value);
    srv_key_value_make(&base_random_system, other);
    assert_string_not_equal(value, other);
    assert_true(srv_key_value_check(base_str_of(value), &err));
}

/* Secret and salt both count, and no part of a ring tells another. */
static void test_rings(void **state)
{
    (void)state;
    const uint8_t salts[2][SRV_KEY_SALT_BYTES] = {{1}, {2}};
    struct srv_key_ring rings[4];
    srv_key_ring_derive(BASE_STR(""), salts[0], &rings[0]);
    srv_key_ring_derive(BASE_STR("secret"), salts[0], &rings[1]);
    srv_key_ring_derive(BASE_STR("secret"), salts[1], &rings[2]);
    srv_key_ring_derive(BASE_STR("secret"), salts[0], &rings[3]);
    assert_memory_equal(&rings[1], &rings[3], sizeof rings[1]);
    for (size_t i = 0; i < 3; i++) {
        assert_memory_not_equal(rings[i].hash_key, rings[i].seal_key, BASE_DIGEST_BYTES);
        assert_memory_not_equal(rings[i].hash_key, rings[i].check, BASE_DIGEST_BYTES);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(rings[i].hash_key, rings[j].hash_key, BASE_DIGEST_BYTES);
            assert_memory_not_equal(rings[i].seal_key, rings[j].seal_key, BASE_DIGEST_BYTES);
            assert_memory_not_equal(rings[i].check, rings[j].check, BASE_DIGEST_BYTES);
        }
    }
}

static void test_ids(void **state)
{
    (void)state;
    uint8_t hash[BASE_DIGEST_BYTES] = {0};
    char id[SRV_KEY_ID_BYTES + 1];
    char other[SRV_KEY_ID_BYTES + 1];
    srv_key_value_id(hash, id);
    assert_int_equal(strspn(id, "abcdefghijklmnopqrstuvwxyz234567"), SRV_KEY_ID_BYTES);
    srv_key_value_id(hash, other);
    assert_string_equal(id, other);
    hash[31] = 1;
    srv_key_value_id(hash, other);
    assert_string_not_equal(id, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_a_value),
        cmocka_unit_test(test_made_values),
        cmocka_unit_test(test_rings),
        cmocka_unit_test(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
