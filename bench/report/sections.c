#include "report/sections.h"

#include <string.h>

#include "markup.h"

#define PARAGRAPH 1024

void section_begin(FILE *file, const char *id, const char *title)
{
    fprintf(file, "<section id=\"%s\">\n<h2>", id);
    markup_text(file, title);
    fputs("</h2>\n", file);
}

void section_end(FILE *file)
{
    fputs("</section>\n", file);
}

/* Numbers stay together with their percent signs. */
static void put_paragraph(FILE *file, char *text)
{
    char *sign;

    fputs("<p>", file);
    while ((sign = strstr(text, " %")) != NULL) {
        *sign = '\0';
        markup_text(file, text);
        fputs("&#160;%", file);
        text = sign + 2;
    }
    markup_text(file, text);
    fputs("</p>\n", file);
}

void section_say(FILE *file, const char *format, ...)
{
    char text[PARAGRAPH];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put_paragraph(file, text);
}
