#include "adapters/uv/capture.h"

static struct ctxi_uv_capture *capture_at(struct ctxi_uv_link *link)
{
    return (struct ctxi_uv_capture *)link; /* its first member */
}

static void let_go(struct ctxi_uv_capture *capture)
{
    if (!capture)
        return;
    ctxi_uv_place_drop(&capture->place);
    ctx_release(capture, sizeof *capture);
}

/* ---- handing over ------------------------------------------------------------------------- */

int ctxi_uv_hand_over(struct ctxi_uv_hand *hand, uv_loop_t *loop, const void *object,
                      ctxi_uv_fn *ours, ctxi_uv_fn *callback, enum ctxi_uv_runs runs)
{
    struct ctxi_uv_capture *capture;
    int error;

    if (!loop || !object || !callback)
        return UV_EINVAL;
    hand->kept = ctxi_uv_loop_hold(loop);
    if (!hand->kept)
        return UV_ENOMEM;
    capture = hand->capture = ctx_allocate(sizeof *capture);
    error = capture ? ctxi_uv_place_take(&capture->place, runs) : UV_ENOMEM;
    if (error == 0) {
        capture->link.object = object;
        capture->ours = ours;
        capture->callback = callback;
        return 0;
    }
    ctx_release(capture, sizeof *capture);
    ctxi_uv_loop_release(hand->kept);
    return error;
}

int ctxi_uv_handed(struct ctxi_uv_hand *hand, int answer)
{
    if (answer == 0)
        hand->capture = capture_at(ctxi_uv_table_put(&hand->kept->captures, &hand->capture->link));
    let_go(hand->capture);
    ctxi_uv_loop_release(hand->kept);
    return answer;
}

void ctxi_uv_forget(uv_loop_t *loop, const void *object)
{
    struct ctxi_uv_loop *kept = ctxi_uv_loop_find(loop);

    if (!kept)
        return;
    kept->holds++;
    let_go(capture_at(ctxi_uv_table_take(&kept->captures, object)));
    ctxi_uv_loop_release(kept);
}

void ctxi_uv_captures_drop(struct ctxi_uv_loop *kept)
{
    struct ctxi_uv_link *link;

    while ((link = ctxi_uv_table_take_any(&kept->captures)))
        let_go(capture_at(link));
}

struct ctxi_uv_capture *ctxi_uv_capture_of(struct ctxi_uv_loop *kept, const void *object,
                                           ctxi_uv_fn *ours)
{
    struct ctxi_uv_link *link = kept ? ctxi_uv_table_find(&kept->captures, object) : NULL;

    return link && capture_at(link)->ours == ours ? capture_at(link) : NULL;
}

int ctxi_uv_stopped(uv_loop_t *loop, const void *object, ctxi_uv_fn *ours, int answer)
{
    if (answer == 0 && ctxi_uv_capture_of(ctxi_uv_loop_find(loop), object, ours))
        ctxi_uv_forget(loop, object);
    return answer;
}

/* ---- running ------------------------------------------------------------------------------ */

struct ctxi_uv_run ctxi_uv_run_begin(struct ctxi_uv_loop *kept, struct ctxi_uv_capture *capture)
{
    struct ctxi_uv_run run = {0};
    int status;

    if (!capture)
        return run;
    kept->holds++;
    run.kept = kept;
    run.callback = capture->callback;
    run.alloc = capture->alloc;
    status = ctxi_uv_stay_begin(&run.stay, &capture->place);
    if (status != CTX_OK)
        ctxi_uv_loop_failed(kept, status);
    return run;
}

struct ctxi_uv_run ctxi_uv_run_again(uv_loop_t *loop, const void *object, ctxi_uv_fn *ours)
{
    struct ctxi_uv_loop *kept = ctxi_uv_loop_find(loop);

    return ctxi_uv_run_begin(kept, ctxi_uv_capture_of(kept, object, ours));
}

struct ctxi_uv_run ctxi_uv_run_once(uv_loop_t *loop, const void *object, ctxi_uv_fn *ours)
{
    struct ctxi_uv_loop *kept = ctxi_uv_loop_find(loop);
    struct ctxi_uv_capture *capture = ctxi_uv_capture_of(kept, object, ours);
    struct ctxi_uv_run run;

    if (capture)
        (void)ctxi_uv_table_take(&kept->captures, object);
    run = ctxi_uv_run_begin(kept, capture);
    let_go(capture);
    return run;
}

void ctxi_uv_run_end(struct ctxi_uv_run *run)
{
    if (!run->callback)
        return;
    ctxi_uv_stay_end(&run->stay);
    ctxi_uv_loop_release(run->kept);
}
