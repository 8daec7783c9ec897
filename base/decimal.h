/* Decimal: numbers as people write them, and nothing else that C's readers would take: no sign, no
 * space, no "0x10", no "inf". Pure; any thread.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes of a number; more are refused. */
#define BASE_DECIMAL_BYTES_MAX 63

/* Reads "12", "0.5", "1e+06": digits, then a fraction and an exponent if need be. False for
 * anything else, and for what is larger than a double. */
bool base_decimal_read(struct base_str text, double *out_number);

/* Reads digits alone, from 0 to `max`. */
bool base_decimal_read_whole(struct base_str text, int64_t max, int64_t *out_number);

/* Reads digits alone, from 1 to 9 of them: the parts of dates. */
bool base_decimal_read_digits(struct base_str text, int *out_number);

#endif
