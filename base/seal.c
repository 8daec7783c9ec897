/* OpenSSL's libcrypto. Its calls fail only when memory is out or they are misused, which is
 * asserted; the one failure that input can bring about is a tag that does not fit. */
#include "base/seal.h"

#include <assert.h>
#include <openssl/evp.h>

#define NONCE_BYTES 12
#define TAG_BYTES 16

_Static_assert(NONCE_BYTES + TAG_BYTES == BASE_SEAL_EXTRA_BYTES, "nonce and tag");

static const uint8_t *bytes_of(struct base_str s)
{
    return (const uint8_t *)s.data;
}

static void check(int done)
{
    assert(done == 1);
    (void)done;
}

/* Returns owned a cipher that has its key, its nonce and the context. */
static EVP_CIPHER_CTX *start(const uint8_t *key, const uint8_t *nonce, struct base_str context,
                             int encrypts)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int len;
    check(cipher != NULL);
    check(EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce, encrypts));
    check(EVP_CipherUpdate(cipher, NULL, &len, bytes_of(context), (int)context.len));
    return cipher;
}

void base_seal(const uint8_t key[BASE_SEAL_KEY_BYTES], struct base_str context,
               struct base_str text, const struct base_random *random, uint8_t *out)
{
    uint8_t *body = out + NONCE_BYTES;
    int len;
    random->fill(random, out, NONCE_BYTES);
    EVP_CIPHER_CTX *cipher = start(key, out, context, 1);
    check(EVP_CipherUpdate(cipher, body, &len, bytes_of(text), (int)text.len));
    check(EVP_CipherFinal_ex(cipher, body + len, &len));
    check(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, body + text.len));
    EVP_CIPHER_CTX_free(cipher);
}

bool base_unseal(const uint8_t key[BASE_SEAL_KEY_BYTES], struct base_str context,
                 struct base_str sealed, char *out)
{
    if (sealed.len < BASE_SEAL_EXTRA_BYTES) {
        return false;
    }
    const uint8_t *body = bytes_of(sealed) + NONCE_BYTES;
    size_t text_len = sealed.len - BASE_SEAL_EXTRA_BYTES;
    uint8_t tag[TAG_BYTES];
    int len;
    memcpy(tag, body + text_len, sizeof tag);
    EVP_CIPHER_CTX *cipher = start(key, bytes_of(sealed), context, 0);
    check(EVP_CipherUpdate(cipher, (uint8_t *)out, &len, body, (int)text_len));
    check(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, sizeof tag, tag));
    bool is_genuine = EVP_CipherFinal_ex(cipher, (uint8_t *)out + len, &len) == 1;
    EVP_CIPHER_CTX_free(cipher);
    return is_genuine;
}
