#include "tests/mongodb/engine.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* engine.sh, given by the build. */
#ifndef MONGO_ENGINE_SCRIPT
#error "MONGO_ENGINE_SCRIPT is missing"
#endif

static void run_script(const struct mongo_engine *engine, int out)
{
    char port[16];
    snprintf(port, sizeof port, "%d", engine->port);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    execl(MONGO_ENGINE_SCRIPT, MONGO_ENGINE_SCRIPT, engine->directory, port, (char *)NULL);
    perror(MONGO_ENGINE_SCRIPT);
    _exit(127);
}

/* Starts the process and waits until it says which port it serves. */
static void start(struct mongo_engine *engine)
{
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    engine->pid = fork();
    assert_true(engine->pid >= 0);
    if (engine->pid == 0) {
        close(pipe_ends[0]);
        run_script(engine, pipe_ends[1]);
    }
    close(pipe_ends[1]);
    FILE *output = fdopen(pipe_ends[0], "r");
    char line[256];
    bool serves = false;
    while (!serves && fgets(line, sizeof line, output) != NULL) {
        serves = sscanf(line, "listening %d", &engine->port) == 1;
    }
    fclose(output);
    if (!serves) {
        fail_msg("no MongoDB engine could be started; see above");
    }
}

void mongo_engine_open(struct mongo_engine *engine)
{
    *engine = (struct mongo_engine){0};
    const char *given = getenv("TOLLGATE_TEST_MONGODB_URI");
    if (given != NULL) {
        snprintf(engine->server, sizeof engine->server, "%s", given);
        return;
    }
    const char *parent = getenv("TMPDIR");
    snprintf(engine->directory, sizeof engine->directory, "%s/tollgate-mongo-XXXXXX",
             parent == NULL ? "/tmp" : parent);
    assert_non_null(mkdtemp(engine->directory));
    start(engine);
    snprintf(engine->server, sizeof engine->server, "mongodb://127.0.0.1:%d", engine->port);
}

bool mongo_engine_is_ours(const struct mongo_engine *engine)
{
    return engine->port != 0;
}

static void end(struct mongo_engine *engine, int signal_number)
{
    assert_int_equal(kill(engine->pid, signal_number), 0);
    while (waitpid(engine->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    engine->pid = 0;
}

void mongo_engine_kill(struct mongo_engine *engine)
{
    end(engine, SIGKILL);
}

void mongo_engine_restart(struct mongo_engine *engine)
{
    start(engine);
}

void mongo_engine_close(struct mongo_engine *engine)
{
    if (!mongo_engine_is_ours(engine)) {
        return;
    }
    if (engine->pid != 0) {
        end(engine, SIGTERM);
    }
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", engine->directory);
    assert_int_equal(system(command), 0);
}

const char *mongo_engine_uri(const struct mongo_engine *engine, const char *name)
{
    static char uri[512];
    snprintf(uri, sizeof uri, "%s/tollgate_%s_%d", engine->server, name, (int)getpid());
    return uri;
}
