/*
 * Other policies: how many more or fewer hits than LRU, at each capacity.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "markup.h"
#include "report/differences.h"
#include "report/sections.h"
#include "report/table.h"
#include "report/text.h"

static double ratio_at(const struct comparison *comparison, size_t policy, size_t capacity)
{
    return advice_ratio(comparison_hits(comparison, policy, capacity), comparison->requests);
}

/* All but LRU, the first one, which the others are compared with. */
static size_t fill(const struct comparison *comparison, size_t capacity, struct difference *rows)
{
    for (size_t i = 1; i < comparison->policy_count; i++)
        rows[i - 1] =
            (struct difference){comparison->policies[i]->name, ratio_at(comparison, i, capacity),
                                comparison->policies[i] == &ctxi_policy_opt};
    return comparison->policy_count - 1;
}

static void put_panel(FILE *file, const struct comparison *comparison, size_t capacity,
                      const double range[2])
{
    struct difference rows[POLICIES_MAX];
    size_t count = fill(comparison, capacity, rows);
    uint64_t entries = comparison->capacities.values[capacity];
    double lru = ratio_at(comparison, 0, capacity);
    char text[TEXT_NUMBER], id[40], label[160];

    snprintf(id, sizeof id, "chart-policies-%zu", capacity);
    snprintf(label, sizeof label,
             "Hits of other policies at %" PRIu64 " entries beside LRU's %.2f %%", entries,
             100 * lru);
    fprintf(file, "<figure><figcaption><b>%s</b><span>LRU %.2f %%</span></figcaption>\n",
            text_entries(entries, text), 100 * lru);
    differences_put(file, id, label, lru, range, rows, count);
    fputs("</figure>\n", file);
}

/* The policy that is best most often, but for the one that knows the future; 0: LRU. */
static size_t winner(const struct comparison *comparison, size_t *out_times)
{
    size_t times[POLICIES_MAX] = {0}, best = 0;

    for (size_t c = 0; c < comparison->capacities.count; c++) {
        size_t first = 0;

        for (size_t p = 1; p < comparison->policy_count; p++)
            if (comparison->policies[p] != &ctxi_policy_opt &&
                comparison_hits(comparison, p, c) > comparison_hits(comparison, first, c))
                first = p;
        times[first]++;
    }
    for (size_t p = 1; p < comparison->policy_count; p++)
        if (times[p] > times[best])
            best = p;
    *out_times = times[best];
    return best;
}

static void say_lead(FILE *file, const struct comparison *comparison)
{
    size_t times, best = winner(comparison, &times);

    section_say(
        file,
        "ctxcache is LRU; what would another policy change? Hits in points of the hit ratio "
        "more (right) or fewer (left) than LRU at the same capacity; beside the bars the ratio "
        "itself, in %%. %s hits "
        "most at %zu of %zu capacities. opt, the hollow bar, knows the future: the most "
        "that is possible if every miss stores. Every object counts 1%s.",
        comparison->policies[best] == &ctxi_policy_lru ? "LRU" : comparison->policies[best]->name,
        times, comparison->capacities.count,
        comparison->trace->ops ? ", and deletes are passed over" : "");
}

static void put_table(FILE *file, const struct comparison *comparison)
{
    const char *heads[16] = {"hit % at"};
    char texts[16][TEXT_NUMBER];
    size_t count = comparison->capacities.count < 15 ? comparison->capacities.count : 15;

    for (size_t i = 0; i < count; i++)
        heads[i + 1] = text_whole(comparison->capacities.values[i], texts[i]);
    table_begin(file, "Hit ratios by policy and capacity", heads, count + 1);
    for (size_t p = 0; p < comparison->policy_count; p++) {
        table_row(file, comparison->policies[p]->name);
        for (size_t i = 0; i < count; i++)
            table_percent(file, comparison_hits(comparison, p, i), comparison->requests);
        table_row_end(file);
    }
    table_end(file);
}

void section_policies(FILE *file, const struct findings *findings)
{
    const struct comparison *comparison = &findings->comparison;
    double range[2] = {0, 0};

    for (size_t i = 0; i < comparison->capacities.count; i++) {
        struct difference rows[POLICIES_MAX];
        size_t count = fill(comparison, i, rows);

        differences_widen(range, ratio_at(comparison, 0, i), rows, count);
    }
    section_begin(file, "policies", "Would another policy hit more?");
    say_lead(file, comparison);
    fputs("<div class=\"panels wide\">\n", file);
    for (size_t i = 0; i < comparison->capacities.count; i++)
        put_panel(file, comparison, i, range);
    fputs("</div>\n", file);
    put_table(file, comparison);
    section_end(file);
}
