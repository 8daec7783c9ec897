/* OpenSSL's libcrypto, which libh2o brings. Its SHA256_* functions rather than EVP_*, for they keep
 * their state in a plain struct: the states behind the two padded keys are computed once and copied
 * for each text, where EVP would allocate to copy one. They are marked as deprecated because they
 * cannot be routed to another provider, which is not wanted here. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/digest.h"

#include "base/mem.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#define BLOCK_BYTES 64

_Static_assert(BASE_DIGEST_BYTES == SHA256_DIGEST_LENGTH, "SHA-256 gives 32 bytes");

struct base_hmac {
    SHA256_CTX inner; /* has taken the key xor 0x36 */
    SHA256_CTX outer; /* has taken the key xor 0x5c */
};

void base_sha256(struct base_str text, uint8_t out[BASE_DIGEST_BYTES])
{
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, text.data, text.len);
    SHA256_Final(out, &state);
}

static void start_padded(SHA256_CTX *state, const uint8_t key[BLOCK_BYTES], uint8_t pad)
{
    uint8_t block[BLOCK_BYTES];
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        block[i] = key[i] ^ pad;
    }
    SHA256_Init(state);
    SHA256_Update(state, block, sizeof block);
    OPENSSL_cleanse(block, sizeof block);
}

static void hmac_init(struct base_hmac *hmac, struct base_str key)
{
    uint8_t block[BLOCK_BYTES] = {0};
    if (key.len > BLOCK_BYTES) {
        base_sha256(key, block);
    } else if (key.len > 0) {
        memcpy(block, key.data, key.len);
    }
    start_padded(&hmac->inner, block, 0x36);
    start_padded(&hmac->outer, block, 0x5c);
    OPENSSL_cleanse(block, sizeof block);
}

void base_hmac_sign(const struct base_hmac *hmac, struct base_str text,
                    uint8_t out[BASE_DIGEST_BYTES])
{
    SHA256_CTX state = hmac->inner;
    uint8_t inner[BASE_DIGEST_BYTES];
    SHA256_Update(&state, text.data, text.len);
    SHA256_Final(inner, &state);
    state = hmac->outer;
    SHA256_Update(&state, inner, sizeof inner);
    SHA256_Final(out, &state);
}

void base_hmac_sha256(struct base_str key, struct base_str text, uint8_t out[BASE_DIGEST_BYTES])
{
    struct base_hmac hmac;
    hmac_init(&hmac, key);
    base_hmac_sign(&hmac, text, out);
    OPENSSL_cleanse(&hmac, sizeof hmac);
}

struct base_hmac *base_hmac_create(struct base_str key)
{
    struct base_hmac *hmac = base_alloc(sizeof *hmac);
    hmac_init(hmac, key);
    return hmac;
}

void base_hmac_destroy(struct base_hmac *hmac)
{
    if (hmac != NULL) {
        OPENSSL_cleanse(hmac, sizeof *hmac);
        base_free(hmac);
    }
}

/* By words: libcrypto's CRYPTO_memcmp goes by bytes, which costs a fifth of a key's look-up. */
bool base_secret_eq(const void *a, const void *b, size_t len)
{
    const unsigned char *x = a;
    const unsigned char *y = b;
    uint64_t differences = 0;
    for (; len >= sizeof(uint64_t); len -= sizeof(uint64_t)) {
        uint64_t xs;
        uint64_t ys;
        memcpy(&xs, x, sizeof xs);
        memcpy(&ys, y, sizeof ys);
        differences |= xs ^ ys;
        x += sizeof xs;
        y += sizeof ys;
    }
    for (; len > 0; len--) {
        differences |= (uint64_t)(*x++ ^ *y++);
    }
    /* The compiler may not know what it is, or it could leave the loops early. */
    __asm__("" : "+r"(differences));
    return differences == 0;
}
