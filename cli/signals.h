/* Signals: how the program is asked to stop, and to read its configuration anew.
 *
 * SIGTERM, SIGINT and SIGHUP are blocked before threads start, so that all inherit the mask, and
 * taken by the startup thread. Startup thread only.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include "base/stop.h"

/* Blocks the three, and ignores SIGPIPE and SIGXFSZ: a client that has gone and a file that may not
 * grow are errors of write(2). Before any thread starts. */
void cli_signals_init(void);

/* Asks to give up while SIGTERM or SIGINT waits to be taken, for what the startup thread does
 * before it comes to cli_signals_wait. Static. */
const struct base_stop *cli_signals_stop(void);

/* Waits for one of the three and gives its number. After SIGTERM or SIGINT, another one of these
 * ends the program at once, the way the signal does by itself. */
int cli_signals_wait(void);

/* "SIGTERM", "SIGINT" or "SIGHUP". Static. */
const char *cli_signals_name(int number);

#endif
