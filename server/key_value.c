/* Derivation is HMAC under the secret over the salt and a label (the extract-and-expand of RFC 5869
 * with one block each, since every output is one digest). */
#include "server/key_value.h"

#include <string.h>

/* RFC 4648 section 6's alphabet in lower case: no 0, 1 or 8 to be misread. */
static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static struct base_str str_of(const uint8_t digest[BASE_DIGEST_BYTES])
{
    return base_str_make((const char *)digest, BASE_DIGEST_BYTES);
}

void srv_key_ring_derive(struct base_str secret, const uint8_t salt[SRV_KEY_SALT_BYTES],
                         struct srv_key_ring *out)
{
    uint8_t root[BASE_DIGEST_BYTES];
    base_hmac_sha256(base_str_make((const char *)salt, SRV_KEY_SALT_BYTES), secret, root);
    base_hmac_sha256(str_of(root), BASE_STR("tollgate hash"), out->hash_key);
    base_hmac_sha256(str_of(root), BASE_STR("tollgate seal"), out->seal_key);
    base_hmac_sha256(str_of(root), BASE_STR("tollgate check"), out->check);
}

static bool is_value_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '-';
}

bool srv_key_value_check(struct base_str value, struct base_err *err)
{
    if (value.len < SRV_KEY_VALUE_BYTES_MIN || value.len > SRV_KEY_VALUE_BYTES_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "an API key's value has from %d to %d characters, this one has %zu",
                            SRV_KEY_VALUE_BYTES_MIN, SRV_KEY_VALUE_BYTES_MAX, value.len);
    }
    for (size_t i = 0; i < value.len; i++) {
        if (!is_value_char(value.data[i])) {
            return base_err_set(err, BASE_INVALID_ARGUMENT,
                                "an API key's value is made of letters, digits, \"-\" and \"_\"; "
                                "byte %zu of this one is none of them",
                                i);
        }
    }
    return true;
}

void srv_key_value_make(const struct base_random *random, char out[SRV_KEY_VALUE_MADE_BYTES + 1])
{
    size_t len = 0;
    while (len < SRV_KEY_VALUE_MADE_BYTES) {
        uint8_t bytes[64];
        random->fill(random, bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes && len < SRV_KEY_VALUE_MADE_BYTES; i++) {
            /* 248 is the last multiple of 62 in a byte: past it the remainders are not even. */
            if (bytes[i] < 248) {
                out[len++] = base62[bytes[i] % 62];
            }
        }
    }
    out[len] = '\0';
}

void srv_key_value_hash(const struct srv_key_ring *ring, struct base_str value,
                        uint8_t out[BASE_DIGEST_BYTES])
{
    base_hmac_sha256(str_of(ring->hash_key), value, out);
}

void srv_key_value_id(const uint8_t hash[BASE_DIGEST_BYTES], char out[SRV_KEY_ID_BYTES + 1])
{
    uint8_t digest[BASE_DIGEST_BYTES];
    base_sha256(str_of(hash), digest);
    for (size_t i = 0; i < SRV_KEY_ID_BYTES; i++) {
        out[i] = base32[digest[i] % 32];
    }
    out[SRV_KEY_ID_BYTES] = '\0';
}
