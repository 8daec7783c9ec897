/* Suggest: the word that somebody meant to type. Any thread. */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

/* Bytes of a word; a longer one resembles nothing. */
#define CLI_SUGGEST_WORD_MAX 40

/* The one of `count` names that `typed` was most likely meant to be, or NULL when none is near. */
const char *cli_suggest(const char *typed, const char *const *names, size_t count);

#endif
