/* A comment is taken apart into words and filled greedily; the only memory is the column reached.
 * Octal escapes always have three digits, so a digit that follows is never taken for part of one
 * (C11 6.4.4.4), and "?" is escaped because two of them may begin a trigraph (5.2.1.1). */
#include "tools/gen_text.h"

#include <stdarg.h>
#include <stdio.h>

void gen_text_init(struct gen_text *text)
{
    *text = (struct gen_text){0};
    base_buf_init(&text->buf, GEN_TEXT_BYTES_MAX);
}

void gen_text_dispose(struct gen_text *text)
{
    base_buf_dispose(&text->buf);
}

static void add_bytes(struct gen_text *text, struct base_str bytes)
{
    text->is_cut |= !base_buf_append_str(&text->buf, bytes);
}

static void add_spaces(struct gen_text *text, int count)
{
    gen_text_add(text, "%*s", count, "");
}

void gen_text_add(struct gen_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !base_buf_reserve(&text->buf, (size_t)len + 1)) {
        text->is_cut = true;
    } else {
        vsnprintf(base_buf_end(&text->buf), (size_t)len + 1, format, again);
        text->buf.len += (size_t)len;
    }
    va_end(again);
}

/* Cuts the next line, without its newline and trailing blanks, off the front of `rest`. */
static struct base_str take_line(const char **rest)
{
    struct base_str line = {*rest, strcspn(*rest, "\n")};
    *rest += line.len + ((*rest)[line.len] == '\n');
    while (line.len > 0 && strchr(" \t\r", line.data[line.len - 1]) != NULL) {
        line.len--;
    }
    return line;
}

/* Cuts the next word off the front of `line`; empty when there is none. */
static struct base_str take_word(struct base_str *line)
{
    while (line->len > 0 && strchr(" \t", *line->data) != NULL) {
        line->data++;
        line->len--;
    }
    struct base_str word = {line->data, 0};
    while (word.len < line->len && strchr(" \t", line->data[word.len]) == NULL) {
        word.len++;
    }
    line->data += word.len;
    line->len -= word.len;
    return word;
}

/* protoc leaves the blank behind "//" on each line; a line indented beyond it, or that begins with
 * a bullet, is laid out on purpose. */
static bool starts_line(struct base_str line)
{
    if (line.len > 0 && line.data[0] == ' ') {
        line.data++;
        line.len--;
    }
    return line.len > 0 &&
           (strchr(" \t", line.data[0]) != NULL ||
            (line.len > 1 && strchr("-*", line.data[0]) != NULL && line.data[1] == ' '));
}

/* Appends a word with what would open or close a C comment taken apart. */
static void add_comment_word(struct gen_text *text, struct base_str word)
{
    for (size_t i = 0; i < word.len; i++) {
        bool splits = i > 0 && ((word.data[i - 1] == '*' && word.data[i] == '/') ||
                                (word.data[i - 1] == '/' && word.data[i] == '*'));
        gen_text_add(text, splits ? " %c" : "%c", word.data[i]);
    }
}

struct filler {
    struct gen_text *text;
    int indent;
    int column;        /* reached on the line being filled */
    bool is_line_open; /* a word stands on it, or the comment's opening */
};

static void start_comment_line(struct filler *filler)
{
    gen_text_add(filler->text, "\n%*s *", filler->indent, "");
    filler->column = filler->indent + 2;
    filler->is_line_open = false;
}

/* Puts the words of `line` behind what is there, where `room` columns are kept free behind the
 * last. Leading blanks beyond the first are kept when the line starts one of its own. */
static void fill_line(struct filler *filler, struct base_str line, int room)
{
    if (starts_line(line)) {
        if (filler->is_line_open) {
            start_comment_line(filler);
        }
        size_t blanks = strspn(line.data, " ");
        int kept = blanks > 1 ? (int)(blanks < 20 ? blanks : 20) - 1 : 0;
        add_spaces(filler->text, kept);
        filler->column += kept;
    }
    for (struct base_str word = take_word(&line); word.len > 0; word = take_word(&line)) {
        int width = 1 + (int)word.len + (line.len == 0 ? room : 0);
        if (filler->is_line_open && filler->column + width > GEN_TEXT_COLUMNS) {
            start_comment_line(filler);
        }
        gen_text_add(filler->text, " ");
        add_comment_word(filler->text, word);
        filler->column += 1 + (int)word.len;
        filler->is_line_open = true;
    }
}

/* Fills all lines of `comment`; a run of blank ones becomes one, those at either end go. */
static void fill_comment(struct filler *filler, const char *comment, int room)
{
    bool is_blank = false;
    bool is_first = true;
    while (*comment != '\0') {
        struct base_str line = take_line(&comment);
        if (line.len == 0) {
            is_blank = !is_first;
            continue;
        }
        if (is_blank) {
            start_comment_line(filler);
            start_comment_line(filler);
        }
        fill_line(filler, line, room);
        is_blank = false;
        is_first = false;
    }
}

static bool is_blank_text(const char *comment)
{
    return comment == NULL || comment[strspn(comment, " \t\r\n")] == '\0';
}

void gen_text_comment(struct gen_text *text, int indent, const char *comment)
{
    if (is_blank_text(comment)) {
        return;
    }
    gen_text_add(text, "%*s/*", indent, "");
    struct filler filler = {.text = text, .indent = indent, .column = indent + 2};
    fill_comment(&filler, comment, (int)strlen(" */"));
    gen_text_add(text, " */\n");
}

void gen_text_comment_lines(struct gen_text *text, const char *comment)
{
    if (is_blank_text(comment)) {
        return;
    }
    gen_text_add(text, " *");
    struct filler filler = {.text = text, .column = 2};
    fill_comment(&filler, comment, 0);
    gen_text_add(text, "\n");
}

/* Columns of an item with the "," or the tail behind it. */
static int item_width(const char *const *items, size_t item_count, size_t i, const char *tail)
{
    return (int)(strlen(items[i]) + (i + 1 == item_count ? strlen(tail) : strlen(",")));
}

static void break_line(struct gen_text *text, int column)
{
    gen_text_add(text, "\n%*s", column, "");
}

void gen_text_list(struct gen_text *text, const char *head, const char *const *items,
                   size_t item_count, const char *tail)
{
    int left = (int)strlen(head); /* where broken lines begin */
    int column = left;
    gen_text_add(text, "%s", head);
    for (size_t i = 0; i < item_count; i++) {
        if (left + item_width(items, item_count, i, tail) > GEN_TEXT_COLUMNS) {
            left = (int)strspn(head, " ") + 4;
            column = left;
            break_line(text, left);
            break;
        }
    }
    for (size_t i = 0; i < item_count; i++) {
        int width = item_width(items, item_count, i, tail);
        if (i > 0 && column + 1 + width > GEN_TEXT_COLUMNS) {
            break_line(text, left);
            column = left;
        } else if (i > 0) {
            gen_text_add(text, " ");
            column++;
        }
        gen_text_add(text, "%s%s", items[i], i + 1 == item_count ? "" : ",");
        column += width;
    }
    gen_text_add(text, "%s\n", tail);
}

/* Writes `byte` as it stands in a string literal; returns the columns it takes. */
static int escape_byte(unsigned char byte, char out[5])
{
    if (byte == '"' || byte == '\\' || byte == '?') {
        return snprintf(out, 5, "\\%c", byte);
    }
    if (byte < 0x20 || byte > 0x7e) {
        return snprintf(out, 5, "\\%03o", byte);
    }
    return snprintf(out, 5, "%c", byte);
}

void gen_text_bytes(struct gen_text *text, struct base_str bytes)
{
    int column = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        char escaped[5];
        int width = escape_byte((unsigned char)bytes.data[i], escaped);
        if (column + width + 1 > GEN_TEXT_COLUMNS) {
            add_bytes(text, BASE_STR("\""));
            column = 0;
        }
        if (column == 0) {
            add_bytes(text, i == 0 ? BASE_STR("    \"") : BASE_STR("\n    \""));
            column = 5;
        }
        add_bytes(text, base_str_make(escaped, (size_t)width));
        column += width;
    }
    if (bytes.len > 0) {
        add_bytes(text, BASE_STR("\""));
    }
}
