/* Base64 (RFC 4648): decoded from either alphabet, padded or not; encoded in either.
 *
 * Pure; any thread.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/str.h"

/* Bytes that `len` bytes take encoded, padding included. */
#define BASE_BASE64_ENCODED_BYTES(len) (((len) + 2) / 3 * 4)

/* Room that base_base64_decode needs for `len` characters. */
#define BASE_BASE64_DECODED_BYTES_MAX(len) ((len) / 4 * 3 + 3)

/* Writes what `text` stands for to `out`, which may overlap `text` from below; false when it holds
 * another character, has an impossible length or is padded wrongly. */
bool base_base64_decode(struct base_str text, char *out, size_t *out_len);

/* Writes BASE_BASE64_ENCODED_BYTES(bytes.len) characters; returns the end. */
char *base_base64_encode(struct base_str bytes, char *out);

/* Writes in the alphabet for URLs and without padding (section 5); returns the end. */
char *base_base64_encode_url(struct base_str bytes, char *out);

#endif
