#include "cli/signals.h"

#include <pthread.h>
#include <signal.h>

static sigset_t stop_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

void cli_signals_init(void)
{
    signal(SIGPIPE, SIG_IGN);
    sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

const char *cli_signals_wait(void)
{
    sigset_t set = stop_signals();
    int number;
    while (sigwait(&set, &number) != 0) {
    }
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    return number == SIGTERM ? "SIGTERM" : "SIGINT";
}
