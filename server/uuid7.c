/* Milliseconds and counter make one 60-bit number, so "later than the clock says and than the last
 * one" is a maximum, and one compare-and-swap publishes it. */
#include "server/uuid7.h"

#define COUNTER_BITS 12
#define COUNTER_MASK UINT64_C(0xfff)

static const char digits[] = "0123456789abcdef";

void srv_uuid7_init(struct srv_uuid7 *generator, const struct base_clock *clock,
                    const struct base_random *random)
{
    generator->clock = clock;
    generator->random = random;
    atomic_init(&generator->last, 0);
}

static uint64_t take_time_and_counter(struct srv_uuid7 *generator)
{
    int64_t now_ms = generator->clock->unix_ns(generator->clock) / BASE_NS_PER_MS;
    uint64_t now = (uint64_t)now_ms << COUNTER_BITS;
    uint64_t last = atomic_load_explicit(&generator->last, memory_order_relaxed);
    uint64_t next;
    do {
        next = now > last ? now : last + 1;
    } while (!atomic_compare_exchange_weak_explicit(&generator->last, &last, next,
                                                    memory_order_relaxed, memory_order_relaxed));
    return next;
}

static void format(const unsigned char bytes[16], char out_text[SRV_UUID_TEXT_SIZE])
{
    char *end = out_text;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *end++ = '-';
        }
        *end++ = digits[bytes[i] >> 4];
        *end++ = digits[bytes[i] & 0xf];
    }
    *end = '\0';
}

void srv_uuid7_next(struct srv_uuid7 *generator, char out_text[SRV_UUID_TEXT_SIZE])
{
    uint64_t stamp = take_time_and_counter(generator);
    uint64_t ms = stamp >> COUNTER_BITS;
    unsigned char bytes[16];
    for (int i = 0; i < 6; i++) {
        bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
    }
    bytes[6] = (unsigned char)(0x70 | (stamp & COUNTER_MASK) >> 8); /* version 7 */
    bytes[7] = (unsigned char)stamp;
    generator->random->fill(generator->random, bytes + 8, 8);
    bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f)); /* variant 10 */
    format(bytes, out_text);
}

bool srv_uuid_read(struct base_str text, char out_text[SRV_UUID_TEXT_SIZE])
{
    if (text.len != SRV_UUID_TEXT_SIZE - 1) {
        return false;
    }
    char lower[SRV_UUID_TEXT_SIZE];
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        lower[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
        bool is_dash_place = i == 8 || i == 13 || i == 18 || i == 23;
        bool fits = is_dash_place ? c == '-' : memchr(digits, lower[i], 16) != NULL;
        if (!fits) {
            return false;
        }
    }
    lower[text.len] = '\0';
    memcpy(out_text, lower, sizeof lower);
    return true;
}
