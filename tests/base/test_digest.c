#include "base/digest.h"
#include "tests/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *hex(const uint8_t digest[BASE_DIGEST_BYTES])
{
    static char text[2 * BASE_DIGEST_BYTES + 1];
    to_hex(base_str_make((const char *)digest, BASE_DIGEST_BYTES), text, sizeof text);
    return text;
}

/* FIPS 180-4's examples. */
static void sha256(void **state)
{
    (void)state;
    static const struct {
        struct base_str text;
        const char *digest;
    } rows[] = {
        {{"", 0}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {{"abc", 3}, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56},
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t digest[BASE_DIGEST_BYTES];
        base_sha256(rows[i].text, digest);
        assert_string_equal(hex(digest), rows[i].digest);
    }
}

static struct base_str repeated(char *room, char c, size_t len)
{
    memset(room, c, len);
    return base_str_make(room, len);
}

/* RFC 4231's test cases 1, 2, 3, 6 and 7: short keys, one of the digest's length, and keys longer
 * than a block. */
static void hmac_sha256(void **state)
{
    (void)state;
    char room[4][160];
    const struct {
        struct base_str key;
        struct base_str text;
        const char *digest;
    } rows[] = {
        {repeated(room[0], '\x0b', 20), BASE_STR("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {BASE_STR("Jefe"), BASE_STR("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {repeated(room[1], '\xaa', 20), repeated(room[2], '\xdd', 50),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {repeated(room[3], '\xaa', 131),
         BASE_STR("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {repeated(room[3], '\xaa', 131),
         BASE_STR("This is a test using a larger than block-size key and a larger than block-size "
                  "data. The key needs to be hashed before being used by the HMAC algorithm."),
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t digest[BASE_DIGEST_BYTES];
        base_hmac_sha256(rows[i].key, rows[i].text, digest);
        assert_string_equal(hex(digest), rows[i].digest);
    }
}

static void a_key_made_ready_signs_alike(void **state)
{
    (void)state;
    struct base_str key = BASE_STR("0123456789abcdef0123456789abcdef");
    struct base_hmac *hmac = base_hmac_create(key);
    char room[200];
    for (size_t len = 0; len <= sizeof room; len++) {
        uint8_t expected[BASE_DIGEST_BYTES];
        uint8_t digest[BASE_DIGEST_BYTES];
        struct base_str text = repeated(room, 'x', len);
        base_hmac_sha256(key, text, expected);
        base_hmac_sign(hmac, text, digest);
        assert_memory_equal(digest, expected, sizeof digest);
    }
    base_hmac_destroy(hmac);
    base_hmac_destroy(NULL);
}

static void compares_all_bytes(void **state)
{
    (void)state;
    assert_true(base_secret_eq("secret", "secret", 6));
    assert_true(base_secret_eq("a", "b", 0));
    assert_false(base_secret_eq("secret", "Secret", 6));
    assert_false(base_secret_eq("secret", "secreT", 6));
    char a[40];
    char b[sizeof a];
    for (size_t len = 0; len <= sizeof a; len++) {
        memset(a, 'x', sizeof a);
        memset(b, 'y', sizeof b);
        memcpy(b, a, len);
        assert_true(base_secret_eq(a, b, len));
        for (size_t i = 0; i < len; i++) {
            b[i] ^= 0x10;
            assert_false(base_secret_eq(a, b, len));
            b[i] ^= 0x10;
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256),
        cmocka_unit_test(hmac_sha256),
        cmocka_unit_test(a_key_made_ready_signs_alike),
        cmocka_unit_test(compares_all_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
