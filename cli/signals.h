/* Signals: how the program is asked to stop.
 *
 * SIGTERM and SIGINT are blocked before threads start, so that all inherit the mask, and taken by
 * the startup thread. Startup thread only.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

/* Blocks the two, and ignores SIGPIPE: a client that has gone is an error of write(2). Before any
 * thread starts. */
void cli_signals_init(void);

/* Waits for SIGTERM or SIGINT and gives its name. A second one from then on ends the program at
 * once, the way the signal does by itself. */
const char *cli_signals_wait(void);

#endif
