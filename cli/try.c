#include "cli/try.h"

#include "server/access_seed.h"

/* What Notes ask for; the demo's is made by srv_access_seed_demo_key. */
#define DEMO_KEY "-H 'x-api-key: " SRV_ACCESS_DEMO_VALUE "'"

/* "%s" is the address. They can be pasted again and again. */
static const char *const lines[] = {
    "curl http://%s/users",
    "curl http://%s/users --json '{\"name\":\"Danny\"}'",
    "curl http://%s/users/1/books --json '{\"isbn\":\"7654321\",\"name\":\"An older book\"}'",
    "curl http://%s/users/1",
    "curl http://%s/notes " DEMO_KEY " --json '{\"title\":\"Milk\",\"content\":\"Two bottles.\"}'",
    "curl 'http://%s/notes?page_size=10' " DEMO_KEY,
};

void cli_try_print(const char *address, FILE *out)
{
    fputs("\nTry, in another terminal:\n\n", out);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *hole = lines[i];
        while (hole[0] != '%') {
            hole++;
        }
        fprintf(out, "  %.*s%s%s\n", (int)(hole - lines[i]), lines[i], address, hole + 2);
    }
    fputs("\n", out);
    fflush(out);
}
