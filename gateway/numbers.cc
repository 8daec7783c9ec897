// Only this file is C++: both libraries are templates.
#include "gateway/numbers.h"

#include <dragonbox/dragonbox.h>
#include <fast_float/fast_float.h>

namespace
{

template <typename Real> Real read(const char *text, size_t len)
{
    Real value = 0;
    fast_float::from_chars(text, text + len, value);
    return value;
}

// A negative power of two is fast_float's sign that the digits given do not tell which of two
// neighbours is nearer.
template <typename Real> bool nearest(uint64_t significand, int exponent, Real *out_value)
{
    auto binary = fast_float::compute_float<fast_float::binary_format<Real>>(exponent, significand);
    if (binary.power2 < 0) {
        return false;
    }
    fast_float::to_float(false, binary, *out_value);
    return true;
}

template <typename Real> gw_decimal shortest(Real value)
{
    auto decimal = jkj::dragonbox::to_decimal(value, jkj::dragonbox::policy::sign::ignore,
                                              jkj::dragonbox::policy::trailing_zero::remove);
    return {decimal.significand, decimal.exponent};
}

} // namespace

double gw_number_to_double(const char *text, size_t len)
{
    return read<double>(text, len);
}

float gw_number_to_float(const char *text, size_t len)
{
    return read<float>(text, len);
}

bool gw_decimal_to_double(gw_decimal decimal, double *out_value)
{
    return nearest(decimal.significand, decimal.exponent, out_value);
}

bool gw_decimal_to_float(gw_decimal decimal, float *out_value)
{
    return nearest(decimal.significand, decimal.exponent, out_value);
}

gw_decimal gw_decimal_of_double(double value)
{
    return shortest(value);
}

gw_decimal gw_decimal_of_float(float value)
{
    return shortest(value);
}
