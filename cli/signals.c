#include "cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

static struct base_stop stop = {.fd = -1};

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
    signal(SIGXFSZ, SIG_IGN);
    sigset_t set = all_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    set = stop_signals();
    stop.fd = signalfd(-1, &set, SFD_CLOEXEC);
}

const struct base_stop *cli_signals_stop(void)
{
    return &stop;
}

int cli_signals_wait(void)
{
    sigset_t set = all_signals();
    int number;
    while (sigwait(&set, &number) != 0) {
    }
    if (number != SIGHUP) {
        set = stop_signals();
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    }
    return number;
}

const char *cli_signals_name(int number)
{
    return number == SIGTERM ? "SIGTERM" : number == SIGINT ? "SIGINT" : "SIGHUP";
}
