/* Seal: text that only the holder of a key can read or change (AES-256-GCM, NIST SP 800-38D).
 *
 * A sealed text is nonce, ciphertext and tag. The nonce is random, so one key may seal up to 2^32
 * texts. `context` is not kept but must be the same at both ends: what is sealed for one place
 * cannot be moved to another. Any thread.
 */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include "base/random.h"
#include "base/str.h"

#include <stdint.h>

#define BASE_SEAL_KEY_BYTES 32

/* What a sealed text is longer by. */
#define BASE_SEAL_EXTRA_BYTES (size_t)28

/* Writes text.len + BASE_SEAL_EXTRA_BYTES to `out`. */
void base_seal(const uint8_t key[BASE_SEAL_KEY_BYTES], struct base_str context,
               struct base_str text, const struct base_random *random, uint8_t *out);

/* Writes sealed.len - BASE_SEAL_EXTRA_BYTES to `out`; false where it is too short or was sealed
 * under another key, for another context, or changed since. */
bool base_unseal(const uint8_t key[BASE_SEAL_KEY_BYTES], struct base_str context,
                 struct base_str sealed, char *out);

#endif
