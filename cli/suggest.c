#include "cli/suggest.h"

#include <stdint.h>
#include <string.h>

/* Edits that turn what was typed into a name it may have been meant to be. */
#define DISTANCE_MAX 2

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance, one row at a time. */
static size_t distance_of(const char *a, const char *b)
{
    size_t row[CLI_SUGGEST_WORD_MAX + 1];
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    if (a_len > CLI_SUGGEST_WORD_MAX || b_len > CLI_SUGGEST_WORD_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_len];
}

const char *cli_suggest(const char *typed, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t nearest_distance = DISTANCE_MAX + 1;
    for (size_t i = 0; i < count; i++) {
        size_t distance = distance_of(typed, names[i]);
        /* A word that would have to be changed as a whole resembles nothing. */
        if (distance < nearest_distance && distance < strlen(typed)) {
            nearest = names[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}
