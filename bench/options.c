#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"

#define HELP_COLUMN 26

bool options_wrong(const char *command, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "%s: ", command);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, " (see %s --help)\n", command);
    va_end(arguments);
    return false;
}

/* ---- values ------------------------------------------------------------------------------- */

bool options_whole(const char *text, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0;
}

static bool read_number(const char *text, double *out)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    return (isdigit((unsigned char)text[0]) || text[0] == '.') && *end == '\0' && errno == 0;
}

/* Cuts a copy of the text at its commas; the copy is the list's memory, behind the NULL. */
static const char **read_list(const char *text)
{
    size_t size = strlen(text) + 1, count = 1;

    for (const char *at = text; *at; at++)
        count += *at == ',';

    const char **list = die_calloc(1, (count + 1) * sizeof *list + size);
    char *copy = memcpy(list + count + 1, text, size);

    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(copy, ",");

        list[i] = copy;
        copy[length] = '\0';
        copy += length + 1;
    }
    return list;
}

void options_list_free(const char **list)
{
    free((void *)list);
}

static bool store(const struct option *option, const char *command, const char *text, void *out)
{
    void *field = (char *)out + option->offset;
    uint64_t whole;
    double number;

    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return true;
    case OPTION_WHOLE:
        if (!options_whole(text, &whole) || (double)whole < option->least ||
            (double)whole > option->most)
            return options_wrong(command, "%s wants a whole number from %.0f to %.0f, not '%s'",
                                 option->name, option->least, option->most, text);
        *(uint64_t *)field = whole;
        return true;
    case OPTION_NUMBER:
        if (!read_number(text, &number) || !(number >= option->least && number <= option->most))
            return options_wrong(command, "%s wants a number from %g to %g, not '%s'", option->name,
                                 option->least, option->most, text);
        *(double *)field = number;
        return true;
    case OPTION_TEXT:
    case OPTION_OPERAND:
        *(const char **)field = text;
        return true;
    case OPTION_LIST:
        options_list_free(*(const char ***)field);
        *(const char ***)field = read_list(text);
        return true;
    }
    return false;
}

/* ---- the command line --------------------------------------------------------------------- */

/* The option that `text` names, up to an '='. */
static const struct option *find(const struct option *options, size_t count, const char *text)
{
    size_t length = strcspn(text, "=");

    for (size_t i = 0; i < count; i++)
        if (options[i].kind != OPTION_OPERAND && strlen(options[i].name) == length &&
            strncmp(options[i].name, text, length) == 0)
            return &options[i];
    return NULL;
}

/* What takes text that is no option; NULL: nothing, or it has some already. */
static const struct option *find_operand(const struct option *options, size_t count,
                                         const char *text, const void *out)
{
    for (size_t i = 0; i < count; i++)
        if (options[i].kind == OPTION_OPERAND && strncmp(text, "--", 2) != 0 &&
            !*(const char *const *)((const char *)out + options[i].offset))
            return &options[i];
    return NULL;
}

/* The value of an option that stands at argv[*at], which moves on if the value is the next one. */
static bool find_value(const struct option *option, const char *command, int argc, char **argv,
                       int *at, const char **out_value)
{
    const char *value = strchr(argv[*at], '=');

    *out_value = "";
    if (option->kind == OPTION_FLAG)
        return !value || options_wrong(command, "%s takes no value", option->name);
    value = value ? value + 1 : *at + 1 < argc ? argv[++*at] : NULL;
    if (!value || !*value)
        return options_wrong(command, "%s needs a value, %s", option->name, option->argument);
    *out_value = value;
    return true;
}

bool options_read(const struct option *options, size_t count, const char *command, int argc,
                  char **argv, int first, void *out)
{
    for (int i = first; i < argc; i++) {
        const struct option *option = find(options, count, argv[i]);
        const char *value = argv[i];

        if (option && !find_value(option, command, argc, argv, &i, &value))
            return false;
        if (!option && !(option = find_operand(options, count, argv[i], out)))
            return options_wrong(command,
                                 argv[i][0] == '-' ? "there is no option '%s'"
                                                   : "'%s' is one word too many",
                                 argv[i]);
        if (!store(option, command, value, out))
            return false;
    }
    return true;
}

/* The text, with an indent after each newline. */
static void print_indented(const char *text)
{
    for (; *text; text++) {
        putchar(*text);
        if (*text == '\n')
            printf("%*s", HELP_COLUMN, "");
    }
    putchar('\n');
}

void options_print(const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct option *option = &options[i];
        const char *name = option->name ? option->name : "";
        const char *argument = option->argument ? option->argument : "";
        int width = printf("  %s%s%s", name, *name && *argument ? " " : "", argument);

        printf("%*s", width < HELP_COLUMN ? HELP_COLUMN - width : 1, "");
        print_indented(option->help);
    }
}
