#include "report/findings.h"

void findings_make(struct findings *findings, const char *path, const struct ctxi_trace *trace,
                   uint64_t total)
{
    struct advice *advice = &findings->advice;

    *findings = (struct findings){.path = path, .trace = trace};
    advice_find(advice, path, trace, total, 0);
    fold_init(&findings->fold, trace, advice->curves->tenants);
    findings->comparison.trace = trace;
    comparison_add_all(&findings->comparison);
    comparison_choose_capacities(&findings->comparison);
    comparison_run(&findings->comparison);
    replay_init(&findings->replay, path, trace, advice->total > 0);
    if (advice->total > 0)
        replay_run(&findings->replay, findings->replay.results, advice->total, NULL);
}

void findings_free(struct findings *findings)
{
    replay_fini(&findings->replay);
    comparison_free(&findings->comparison);
    fold_fini(&findings->fold);
    advice_free(&findings->advice);
}
