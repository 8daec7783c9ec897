/* Digest: SHA-256, HMAC-SHA-256 (RFC 2104), and comparing secrets.
 *
 * What API keys are found by and what signatures are made of. Pure; any thread. A base_hmac is
 * constant once made, so all threads may share one.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/str.h"

#include <stdint.h>

/* Bytes of each digest. */
#define BASE_DIGEST_BYTES 32

/* The SHA-256 of `text`. */
void base_sha256(struct base_str text, uint8_t out[BASE_DIGEST_BYTES]);

/* The HMAC-SHA-256 of `text` under `key`, which may be of any length. */
void base_hmac_sha256(struct base_str key, struct base_str text, uint8_t out[BASE_DIGEST_BYTES]);

/* A key made ready: what depends on it alone is computed once. */
struct base_hmac;

/* Returns owned `key` made ready; copies what it needs. */
struct base_hmac *base_hmac_create(struct base_str key);

/* Wipes and frees it. Accepts NULL. */
void base_hmac_destroy(struct base_hmac *hmac);

/* The same as base_hmac_sha256. A text of up to 55 bytes costs two blocks; allocates nothing. */
void base_hmac_sign(const struct base_hmac *hmac, struct base_str text,
                    uint8_t out[BASE_DIGEST_BYTES]);

/* Whether `len` bytes are the same, in a time that does not tell where they differ. */
bool base_secret_eq(const void *a, const void *b, size_t len);

#endif
