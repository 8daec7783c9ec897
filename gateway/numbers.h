/* Numbers: binary floating point and its decimal text, correctly rounded both ways.
 *
 * The one door to the two C++ header libraries that do it (fast_float reads, Dragonbox writes).
 * Pure; any thread; never allocates.
 */
#ifndef GATEWAY_NUMBERS_H
#define GATEWAY_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* significand * 10^exponent. */
struct gw_decimal {
    uint64_t significand;
    int exponent;
};

#ifdef __cplusplus
extern "C" {
#endif

/* The nearest double or float to `text`, a JSON number; infinity when it is too large. */
double gw_number_to_double(const char *text, size_t len);
float gw_number_to_float(const char *text, size_t len);

/* The same of a decimal whose significand has all the digits; false in the rare case that only
 * gw_number_to_double can decide. */
bool gw_decimal_to_double(struct gw_decimal decimal, double *out_value);
bool gw_decimal_to_float(struct gw_decimal decimal, float *out_value);

/* The shortest decimal that reads back as `value`, which is finite, positive and not 0; without
 * trailing zeros. */
struct gw_decimal gw_decimal_of_double(double value);
struct gw_decimal gw_decimal_of_float(float value);

#ifdef __cplusplus
}
#endif

#endif
