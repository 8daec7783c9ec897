/* UUID version 7: ids that sort by when they were made (RFC 9562 section 5.7).
 *
 * 48 bits of Unix milliseconds, a 12-bit counter, 62 random bits. Ids of one generator only grow,
 * also within a millisecond and when the clock steps back: the counter runs on from the last id
 * and, past 4095, into the milliseconds (section 6.2, methods 1 and "monotonic"). Any thread.
 */
#ifndef SERVER_UUID7_H
#define SERVER_UUID7_H

#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"

#include <stdatomic.h>

/* The text form with its NUL: "0192f0c1-7d3a-7000-8000-3a1b5c7d9e2f". */
#define SRV_UUID_TEXT_SIZE 37

struct srv_uuid7 {
    const struct base_clock *clock;
    const struct base_random *random;
    _Atomic uint64_t last; /* milliseconds and counter of the newest id, as one number */
};

/* Starts a generator that borrows `clock` and `random`. */
void srv_uuid7_init(struct srv_uuid7 *generator, const struct base_clock *clock,
                    const struct base_random *random);

/* Writes the next id in lower case. */
void srv_uuid7_next(struct srv_uuid7 *generator, char out_text[SRV_UUID_TEXT_SIZE]);

/* Whether `text` is a UUID of any version; gives it in lower case, as RFC 9562 section 4 wants
 * either case read. */
bool srv_uuid_read(struct base_str text, char out_text[SRV_UUID_TEXT_SIZE]);

#endif
