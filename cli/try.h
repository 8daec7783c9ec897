/* Try: the curl lines that a demo prints, to paste into another terminal. */
#ifndef CLI_TRY_H
#define CLI_TRY_H

#include <stdio.h>

/* Prints lines for the REST API at `address`, "host:port". They work in order on a demo's
 * store, as often as wanted. */
void cli_try_print(const char *address, FILE *out);

#endif
