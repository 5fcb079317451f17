#include "report/table.h"

#include "advice.h"
#include "markup.h"
#include "report/text.h"

#define NAME_MOST 100 /* characters, for a name may be of any length */

void table_begin(FILE *file, const char *summary, const char *const *heads, size_t count)
{
    fputs("<details><summary>", file);
    markup_text(file, summary);
    fputs("</summary><div class=\"scroll\"><table><thead><tr>", file);
    for (size_t i = 0; i < count; i++) {
        fputs("<th scope=\"col\">", file);
        markup_text(file, heads[i]);
        fputs("</th>", file);
    }
    fputs("</tr></thead><tbody>\n", file);
}

void table_end(FILE *file)
{
    fputs("</tbody></table></div></details>\n", file);
}

void table_row(FILE *file, const char *name)
{
    fputs("<tr><th scope=\"row\">", file);
    markup_short(file, name, NAME_MOST);
    fputs("</th>", file);
}

void table_row_end(FILE *file)
{
    fputs("</tr>\n", file);
}

void table_text(FILE *file, const char *text)
{
    fputs("<td>", file);
    markup_text(file, text);
    fputs("</td>", file);
}

void table_whole(FILE *file, uint64_t number)
{
    char text[TEXT_NUMBER];

    table_text(file, text_whole(number, text));
}

void table_percent(FILE *file, uint64_t part, uint64_t whole)
{
    char text[TEXT_NUMBER];

    table_text(file, whole > 0 ? text_percent(advice_ratio(part, whole), text) : "\u2013");
}
