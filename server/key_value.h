/* Key values: the secret that a caller presents, and what the store keeps in its place.
 *
 * A value is 20 to 128 characters of [0-9A-Za-z_-]. The store keeps its HMAC-SHA-256 under the hash
 * key, which is what the gateway looks it up by, and, where the operator wants values to be
 * recoverable, the value sealed under the seal key. Both keys are derived from the operator's
 * secret and the store's salt, so that a copy of the database without the secret shows no usable
 * key; without a secret from the salt alone, and then what protects a value is its length. A key's
 * id is derived from its hash: two keys of one value would be one document. Any thread.
 */
#ifndef SERVER_KEY_VALUE_H
#define SERVER_KEY_VALUE_H

#include "base/digest.h"
#include "base/err.h"
#include "base/random.h"
#include "base/seal.h"

#define SRV_KEY_VALUE_BYTES_MIN 20
#define SRV_KEY_VALUE_BYTES_MAX 128

/* Characters of a value made here: 238 random bits. */
#define SRV_KEY_VALUE_MADE_BYTES 40

/* Characters of a key's id: 80 bits of a digest. */
#define SRV_KEY_ID_BYTES 16

/* Bytes of a store's salt, and of the operator's secret. */
#define SRV_KEY_SALT_BYTES 32
#define SRV_KEY_SECRET_BYTES_MIN 16
#define SRV_KEY_SECRET_BYTES_MAX 4096

struct srv_key_ring {
    uint8_t hash_key[BASE_DIGEST_BYTES];
    uint8_t seal_key[BASE_SEAL_KEY_BYTES];
    uint8_t check[BASE_DIGEST_BYTES]; /* tells rings apart and gives neither key away */
};

/* Derives the ring of a store from its salt and the operator's secret, which may be empty. */
void srv_key_ring_derive(struct base_str secret, const uint8_t salt[SRV_KEY_SALT_BYTES],
                         struct srv_key_ring *out);

/* Fails with INVALID_ARGUMENT where `value` is not one. */
bool srv_key_value_check(struct base_str value, struct base_err *err) BASE_MUST_CHECK;

/* Writes a random value, NUL-terminated. */
void srv_key_value_make(const struct base_random *random, char out[SRV_KEY_VALUE_MADE_BYTES + 1]);

/* Writes what the store keeps of a value. */
void srv_key_value_hash(const struct srv_key_ring *ring, struct base_str value,
                        uint8_t out[BASE_DIGEST_BYTES]);

/* Writes the id of the key whose value has this hash: lower-case letters and digits. */
void srv_key_value_id(const uint8_t hash[BASE_DIGEST_BYTES], char out[SRV_KEY_ID_BYTES + 1]);

#endif
