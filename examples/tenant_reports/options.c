#include "options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTIONS_MAX = 16, PATH = OPTIONS_MAX, HELP };

static bool parse_number(const char *text, const struct number_option *option)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (end == text || *end != '\0' || number < option->least || number > option->most)
        return false;
    *option->value = number;
    return true;
}

static int complain(const char *program, const char *what, const char *why)
{
    fprintf(stderr, "%s: %s: %s; see --help\n", program, what, why);
    return 2;
}

int options_parse(int argc, char **argv, const struct number_option *numbers, size_t count,
                  const char **path, const char *usage)
{
    struct option known[OPTIONS_MAX + 3] = {{"path", required_argument, NULL, PATH},
                                            {"help", no_argument, NULL, HELP}};
    int option;

    for (size_t i = 0; i < count; i++)
        known[i + 2] = (struct option){numbers[i].name, required_argument, NULL, (int)i};
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == HELP) {
            fputs(usage, stdout);
            return -1;
        }
        if (option == '?')
            return 2;
        if (option == PATH)
            *path = optarg;
        else if (!parse_number(optarg, &numbers[option]))
            return complain(argv[0], optarg, "not a number that fits");
    }
    return optind == argc ? EXIT_SUCCESS : complain(argv[0], argv[optind], "not an option");
}
