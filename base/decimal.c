#include "base/decimal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Digits at the beginning of `text`. */
static size_t count_digits(struct base_str text)
{
    size_t count = 0;
    while (count < text.len && text.data[count] >= '0' && text.data[count] <= '9') {
        count++;
    }
    return count;
}

static struct base_str skip(struct base_str text, size_t len)
{
    return base_str_make(text.data + len, text.len - len);
}

/* Passes over digits, of which there must be one. */
static bool pass_digits(struct base_str *text)
{
    size_t count = count_digits(*text);
    *text = skip(*text, count);
    return count > 0;
}

static bool begins_with_one_of(struct base_str text, char a, char b)
{
    return text.len > 0 && (text.data[0] == a || text.data[0] == b);
}

static bool is_decimal(struct base_str text)
{
    if (!pass_digits(&text)) {
        return false;
    }
    if (begins_with_one_of(text, '.', '.')) {
        text = skip(text, 1);
        if (!pass_digits(&text)) {
            return false;
        }
    }
    if (begins_with_one_of(text, 'e', 'E')) {
        text = skip(text, 1);
        text = skip(text, begins_with_one_of(text, '+', '-'));
        if (!pass_digits(&text)) {
            return false;
        }
    }
    return text.len == 0;
}

bool base_decimal_read(struct base_str text, double *out_number)
{
    char copy[BASE_DECIMAL_BYTES_MAX + 1];
    if (text.len > BASE_DECIMAL_BYTES_MAX || !is_decimal(text)) {
        return false;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    double number = strtod(copy, NULL);
    if (!isfinite(number)) {
        return false;
    }
    *out_number = number;
    return true;
}

bool base_decimal_read_whole(struct base_str text, int64_t max, int64_t *out_number)
{
    int64_t number = 0;
    if (text.len == 0 || count_digits(text) != text.len) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        int digit = text.data[i] - '0';
        if (digit > max || number > (max - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *out_number = number;
    return true;
}

bool base_decimal_read_digits(struct base_str text, int *out_number)
{
    int64_t number;
    if (text.len > 9 || !base_decimal_read_whole(text, INT32_MAX, &number)) {
        return false;
    }
    *out_number = (int)number;
    return true;
}
