/* Text: C source being written, in lines of at most 100 columns where words allow.
 *
 * Lays out as .clang-format would, so that generated code reads like the rest. A text that grows
 * past GEN_TEXT_BYTES_MAX stays cut there and says so at the end: writers need not ask at every
 * line. One thread.
 */
#ifndef TOOLS_GEN_TEXT_H
#define TOOLS_GEN_TEXT_H

#include "base/buf.h"

/* Bytes of one generated file, and columns of its lines. */
#define GEN_TEXT_BYTES_MAX (size_t)(256 * 1024 * 1024)
#define GEN_TEXT_COLUMNS 100

struct gen_text {
    struct base_buf buf;
    bool is_cut;
};

void gen_text_init(struct gen_text *text);
void gen_text_dispose(struct gen_text *text);

/* Appends formatted text. */
void gen_text_add(struct gen_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends a comment of the .proto as a C comment, each line behind `indent` spaces. Paragraphs are
 * filled anew; a line that is indented or begins a list entry starts a line here too. Nothing is
 * written for NULL or a blank comment. */
void gen_text_comment(struct gen_text *text, int indent, const char *comment);

/* Appends the lines of such a comment only, each behind " * ", to go on with an open comment. */
void gen_text_comment_lines(struct gen_text *text, const char *comment);

/* Appends `head` + items joined by ", " + `tail` and a newline. The head begins with its own
 * indentation and ends in "("; lines are broken between items and aligned behind it, or, where an
 * item does not fit there, four columns in from the head. */
void gen_text_list(struct gen_text *text, const char *head, const char *const *items,
                   size_t item_count, const char *tail);

/* Appends `bytes` as lines of string literals behind four spaces. Printable ASCII stays as it is;
 * the rest becomes octal escapes. */
void gen_text_bytes(struct gen_text *text, struct base_str bytes);

#endif
