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

gw_decimal gw_decimal_of_double(double value)
{
    return shortest(value);
}

gw_decimal gw_decimal_of_float(float value)
{
    return shortest(value);
}
