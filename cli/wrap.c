#include "cli/wrap.h"

#include <stdbool.h>
#include <string.h>

void cli_wrap_print(const char *text, size_t indent, FILE *out)
{
    size_t column = 0;
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t len = strcspn(text, " ");
        bool fits = column > 0 && column + 1 + len <= CLI_WRAP_COLUMNS;
        if (fits) {
            fprintf(out, " %.*s", (int)len, text);
            column += 1 + len;
        } else {
            fprintf(out, "%s%*s%.*s", column > 0 ? "\n" : "", (int)indent, "", (int)len, text);
            column = indent + len;
        }
        text += len;
    }
    fputc('\n', out);
}
