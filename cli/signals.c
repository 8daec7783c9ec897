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

static sigset_t all_signals(void)
{
    sigset_t set = stop_signals();
    sigaddset(&set, SIGHUP);
    return set;
}

void cli_signals_init(void)
{
    signal(SIGPIPE, SIG_IGN);
    sigset_t set = all_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int cli_signals_wait(void)
{
    sigset_t set = all_signals();
    int number;
    while (sigwait(&set, &number) != 0) {
    }
    if (number != SIGHUP) {
        sigset_t stop = stop_signals();
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
    }
    return number;
}

const char *cli_signals_name(int number)
{
    return number == SIGTERM ? "SIGTERM" : number == SIGINT ? "SIGINT" : "SIGHUP";
}
