#include "tune/columns.h"

#include <string.h>

#include "ctxcache/status.h"
#include "tune/problem.h"

/* ---- names -------------------------------------------------------------------------------- */

#define SECOND 1000000000u

static const struct role_name {
    const char *name;
    uint64_t unit_ns;
    enum ctxi_role role;
    bool in_files_only; /* what others call it in first lines, not to be used in the option */
} role_names[] = {
    {"key", 0, CTXI_ROLE_KEY, false},
    {"tenant", 0, CTXI_ROLE_TENANT, false},
    {"op", 0, CTXI_ROLE_OP, false},
    {"size", 0, CTXI_ROLE_SIZE, false},
    {"time", SECOND, CTXI_ROLE_TIME, false},
    {"time_s", SECOND, CTXI_ROLE_TIME, false},
    {"time_ms", SECOND / 1000, CTXI_ROLE_TIME, false},
    {"time_us", 1000, CTXI_ROLE_TIME, false},
    {"time_ns", 1, CTXI_ROLE_TIME, false},
    {"load", SECOND, CTXI_ROLE_LOAD, false},
    {"load_s", SECOND, CTXI_ROLE_LOAD, false},
    {"load_ms", SECOND / 1000, CTXI_ROLE_LOAD, false},
    {"load_us", 1000, CTXI_ROLE_LOAD, false},
    {"load_ns", 1, CTXI_ROLE_LOAD, false},
    {"id", 0, CTXI_ROLE_KEY, true},
    {"object", 0, CTXI_ROLE_KEY, true},
    {"obj_id", 0, CTXI_ROLE_KEY, true},
    {"operation", 0, CTXI_ROLE_OP, true},
    {"bytes", 0, CTXI_ROLE_SIZE, true},
    {"obj_size", 0, CTXI_ROLE_SIZE, true},
    {"timestamp", SECOND, CTXI_ROLE_TIME, true},
};

static const struct role_name *find_role(struct ctxi_text text, bool in_file)
{
    for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++)
        if ((in_file || !role_names[i].in_files_only) && ctxi_text_is(text, role_names[i].name))
            return &role_names[i];
    return NULL;
}

bool ctxi_columns_op(struct ctxi_text text, uint8_t *out)
{
    static const struct {
        const char *word;
        uint8_t op;
    } words[] = {
        {"get", CTXI_OP_GET},    {"gets", CTXI_OP_GET},      {"read", CTXI_OP_GET},
        {"put", CTXI_OP_PUT},    {"set", CTXI_OP_PUT},       {"write", CTXI_OP_PUT},
        {"add", CTXI_OP_PUT},    {"replace", CTXI_OP_PUT},   {"cas", CTXI_OP_PUT},
        {"append", CTXI_OP_PUT}, {"prepend", CTXI_OP_PUT},   {"incr", CTXI_OP_PUT},
        {"decr", CTXI_OP_PUT},   {"delete", CTXI_OP_DELETE}, {"invalidate", CTXI_OP_DELETE},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (ctxi_text_is(text, words[i].word)) {
            *out = words[i].op;
            return true;
        }
    return false;
}

bool ctxi_columns_number(const struct ctxi_columns *columns, enum ctxi_role role,
                         struct ctxi_text text, uint64_t *out)
{
    if (role == CTXI_ROLE_SIZE)
        return ctxi_text_u64(text, out) && *out <= UINT32_MAX;
    return ctxi_text_ns(text, columns->roles[role].unit_ns, out) ||
           (role == CTXI_ROLE_TIME && ctxi_text_date(text, out));
}

/* ---- one column --------------------------------------------------------------------------- */

static int refuse(struct ctxi_problem *problem, const char *what, struct ctxi_text text)
{
    return ctxi_problem_say(problem, CTX_ERR_INVALID, "columns: %s '%s'", what,
                            ctxi_show(text.at, text.size).text);
}

/* Adds a column to a role. */
static int bind(struct ctxi_columns *columns, const struct role_name *name, size_t at,
                struct ctxi_text text, struct ctxi_problem *problem)
{
    struct ctxi_role_columns *role = &columns->roles[name->role];
    bool composed = name->role == CTXI_ROLE_KEY || name->role == CTXI_ROLE_TENANT;

    if (at >= columns->row_count)
        return refuse(problem, "the first line has no column for", text);
    if (role->count == (composed ? CTXI_ROLE_COLUMNS : 1))
        return refuse(problem, "one column fewer was expected than with", text);
    for (size_t i = 0; i < role->count; i++)
        if (role->at[i] == at)
            return refuse(problem, "twice the same column:", text);
    role->at[role->count++] = at;
    role->unit_ns = name->unit_ns;
    return CTX_OK;
}

/* ---- by the first line -------------------------------------------------------------------- */

static int bind_header(const struct ctxi_row *first, struct ctxi_columns *columns,
                       struct ctxi_problem *problem)
{
    int status = CTX_OK;

    for (size_t i = 0; i < first->count && status == CTX_OK; i++) {
        const struct role_name *name = find_role(first->fields[i], true);

        if (name)
            status = bind(columns, name, i, first->fields[i], problem);
    }
    if (status != CTX_OK || columns->roles[CTXI_ROLE_KEY].count > 0)
        return status;
    return ctxi_problem_say(problem, CTX_ERR_INVALID,
                            "a first line that names a column 'key' was expected, or --columns "
                            "that say what the columns are");
}

/* ---- by order ----------------------------------------------------------------------------- */

static int bind_in_order(struct ctxi_text option, struct ctxi_columns *columns,
                         struct ctxi_problem *problem)
{
    int status = CTX_OK;

    for (size_t i = 0; option.size > 0 && status == CTX_OK; i++) {
        struct ctxi_text item = ctxi_text_until(&option, ',');
        const struct role_name *name = find_role(item, false);

        if (name)
            status = bind(columns, name, i, item, problem);
        else if (item.size > 0 && !ctxi_text_is(item, "-"))
            status =
                refuse(problem, "key, tenant, op, size, time, load or - was expected, not", item);
    }
    return status;
}

/* ---- by name or number -------------------------------------------------------------------- */

/* The column that the text names; a number is never a name. A name makes the first line a header. */
static int find_column(const struct ctxi_row *first, struct ctxi_text text, size_t *out_at,
                       bool *header, struct ctxi_problem *problem)
{
    uint64_t number;

    if (ctxi_text_u64(text, &number) && number > 0 && number <= first->count) {
        *out_at = (size_t)number - 1;
        return CTX_OK;
    }
    for (size_t i = 0; i < first->count; i++)
        if (first->fields[i].size == text.size && text.size > 0 &&
            memcmp(first->fields[i].at, text.at, text.size) == 0) {
            *out_at = i;
            *header = true;
            return CTX_OK;
        }
    return refuse(problem, "the first line has no column", text);
}

static int bind_item(struct ctxi_text item, const struct ctxi_row *first,
                     struct ctxi_columns *columns, bool *header, struct ctxi_problem *problem)
{
    struct ctxi_text sources = item, role = ctxi_text_until(&sources, '=');
    const struct role_name *name = find_role(role, false);
    int status = CTX_OK;

    if (!name || sources.size == 0)
        return refuse(problem, "'key=...', tenant, op, size, time or load was expected, not", item);
    while (sources.size > 0 && status == CTX_OK) {
        struct ctxi_text source = ctxi_text_until(&sources, '+');
        size_t at = 0;

        status = find_column(first, source, &at, header, problem);
        if (status == CTX_OK)
            status = bind(columns, name, at, source, problem);
    }
    return status;
}

static int bind_by_name(struct ctxi_text option, const struct ctxi_row *first,
                        struct ctxi_columns *columns, bool *header, struct ctxi_problem *problem)
{
    int status = CTX_OK;

    while (option.size > 0 && status == CTX_OK)
        status = bind_item(ctxi_text_until(&option, ','), first, columns, header, problem);
    return status;
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* Whether a first row that nobody calls a header is one all the same: a column bears the name of what
 * it is, or is no number where the requests have numbers. */
static bool looks_like_header(const struct ctxi_columns *columns, const struct ctxi_row *first)
{
    for (int role = 0; role < CTXI_ROLE_COUNT; role++)
        for (size_t i = 0; i < columns->roles[role].count; i++) {
            struct ctxi_text field = first->fields[columns->roles[role].at[i]];
            const struct role_name *name = find_role(field, true);
            uint64_t number;

            if (name && (int)name->role == role)
                return true;
            if (role >= CTXI_ROLE_SIZE &&
                !ctxi_columns_number(columns, (enum ctxi_role)role, field, &number))
                return true;
        }
    return false;
}

int ctxi_columns_bind(const char *option, const struct ctxi_row *first,
                      struct ctxi_columns *columns, bool *out_header, struct ctxi_problem *problem)
{
    struct ctxi_text text = {option, option ? strlen(option) : 0};
    int status;

    *columns = (struct ctxi_columns){.row_count = first->count};
    *out_header = !option;
    if (!option)
        return bind_header(first, columns, problem);
    status = strchr(option, '=') ? bind_by_name(text, first, columns, out_header, problem)
                                 : bind_in_order(text, columns, problem);
    if (status != CTX_OK)
        return status;
    if (columns->roles[CTXI_ROLE_KEY].count == 0)
        return refuse(problem, "which of them is the key was expected, not only", text);
    *out_header = *out_header || looks_like_header(columns, first);
    return CTX_OK;
}
