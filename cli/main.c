/* tollgate SUBCOMMAND [FLAG...]
 *
 * Exit status 0 after a clean stop, 1 when the program cannot do what it was told, 2 when it cannot
 * understand it. */
#include "cli/explain.h"
#include "cli/help.h"
#include "cli/manage.h"
#include "cli/run.h"
#include "cli/suggest.h"

#include "base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct subcommand {
    const char *name;
    const char *does; /* one line */
    const struct cli_flags *flags;
    bool (*run)(const struct cli_options *options, struct base_err *err);
};

static const struct subcommand subcommands[] = {
    {"serve", "serves REST and gRPC from one process", &cli_serve_flags, cli_run_serve},
    {"server", "serves gRPC alone", &cli_server_flags, cli_run_server},
    {"gateway", "serves REST alone, calling a gRPC server", &cli_gateway_flags, cli_run_gateway},
    {"explain", "shows what a REST request would call", &cli_explain_flags, cli_explain},
};

/* Those with verbs of their own. */
static const struct cli_verbs *const groups[] = {&cli_keys_verbs, &cli_plans_verbs};
#define GROUP_COUNT (sizeof groups / sizeof *groups)

#define SUBCOMMAND_COUNT (sizeof subcommands / sizeof *subcommands)

static void print_help(FILE *out)
{
    fputs("Tollgate " TOLLGATE_VERSION ": protobuf-defined services as REST and gRPC.\n\n", out);
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        fprintf(out, "  tollgate %-8s %s\n", subcommands[i].name, subcommands[i].does);
    }
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        fprintf(out, "  tollgate %-8s %s\n", groups[i]->group, groups[i]->does);
    }
    fputs("\ntollgate SUBCOMMAND --help explains its flags.\n", out);
}

static const struct subcommand *find_subcommand(const char *name)
{
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        if (strcmp(subcommands[i].name, name) == 0) {
            return &subcommands[i];
        }
    }
    return NULL;
}

static int refuse_subcommand(const char *name)
{
    const char *names[SUBCOMMAND_COUNT + GROUP_COUNT];
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        names[i] = subcommands[i].name;
    }
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        names[SUBCOMMAND_COUNT + i] = groups[i]->group;
    }
    const char *suggestion = cli_suggest(name, names, SUBCOMMAND_COUNT + GROUP_COUNT);
    fprintf(stderr, "tollgate: there is no subcommand \"%s\"", name);
    if (suggestion != NULL) {
        fprintf(stderr, "; did you mean %s?\n", suggestion);
    } else {
        fputs("; tollgate --help lists them\n", stderr);
    }
    return 2;
}

static const char *get_variable(const struct cli_environment *self, const char *name)
{
    (void)self;
    return getenv(name);
}

static const struct cli_environment environment = {get_variable};

static int run_subcommand(const struct subcommand *subcommand, int argc, const char *const *argv)
{
    if (cli_help_is_asked(argc, argv)) {
        cli_help_print(subcommand->flags, subcommand->name, subcommand->does, stdout);
        return 0;
    }
    struct cli_options options = {0};
    struct base_err err;
    bool ok = cli_flags_parse(subcommand->flags, argc, argv, &environment, &options, &err) &&
              subcommand->run(&options, &err);
    if (ok) {
        return 0;
    }
    if (err.message[0] != '\0') { /* else it has been said */
        fprintf(stderr, "tollgate %s: %s\n", subcommand->name, err.message);
    }
    return err.code == BASE_INVALID_ARGUMENT ? 2 : 1;
}

/* Standard descriptors that whoever started the program has closed: else what is opened next,
 * a socket perhaps, would get their numbers, and the log. The lowest free number is taken. */
static void open_standard_descriptors(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        close(fd);
    }
}

int main(int argc, char **argv)
{
    open_standard_descriptors();
    const char *name = argc > 1 ? argv[1] : NULL;
    if (name == NULL) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(name, "--version") == 0) {
        puts("tollgate " TOLLGATE_VERSION);
        return 0;
    }
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (strcmp(name, groups[i]->group) == 0) {
            return cli_manage_main(groups[i], argc - 2, (const char *const *)argv + 2,
                                   &environment);
        }
    }
    const struct subcommand *subcommand = find_subcommand(name);
    if (subcommand == NULL) {
        return refuse_subcommand(name);
    }
    return run_subcommand(subcommand, argc - 2, (const char *const *)argv + 2);
}
