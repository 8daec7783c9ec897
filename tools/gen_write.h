/* Write: the .tg.h and the .tg.c of one file, from its model. One thread. */
#ifndef TOOLS_GEN_WRITE_H
#define TOOLS_GEN_WRITE_H

#include "tools/gen_model.h"
#include "tools/gen_text.h"

/* Appends the header: what an implementation and a caller of the file's services use. */
void gen_write_header(struct gen_text *out, const struct gen_file *file, struct base_arena *arena);

/* Appends the source. */
void gen_write_source(struct gen_text *out, const struct gen_file *file, struct base_arena *arena);

#endif
