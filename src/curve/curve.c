#include "curve/curve.h"

size_t ctxi_curve_bucket(const struct ctxi_curve *curve, uint64_t capacity)
{
    uint64_t bucket = ctxi_scale_bucket(curve->bits, capacity);

    if (bucket >= curve->count)
        return curve->count - 1;
    if (bucket > 0 && ctxi_scale_bound(curve->bits, bucket) > capacity)
        bucket--;
    return bucket;
}

size_t ctxi_curve_reaching(const struct ctxi_curve *curve, uint64_t hits)
{
    size_t low = 0, high = curve->count - 1;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (curve->hits[middle] >= hits)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

size_t ctxi_curve_knee(const struct ctxi_curve *curve)
{
    uint64_t most = ctxi_curve_ceiling(curve);
    size_t end = ctxi_curve_reaching(curve, most), knee = end;
    double width = (double)ctxi_curve_capacity(curve, end), best = 0;

    for (size_t b = 1; b < end; b++) {
        double above =
            (double)curve->hits[b] / (double)most - (double)ctxi_curve_capacity(curve, b) / width;

        if (above > best) {
            best = above;
            knee = b;
        }
    }
    return knee;
}

static void sum(uint64_t *values, size_t count)
{
    for (size_t b = 1; values && b < count; b++)
        values[b] += values[b - 1];
}

void ctxi_curve_sum(struct ctxi_curve *curve)
{
    sum(curve->hits, curve->count);
    sum(curve->hit_bytes, curve->count);
    sum(curve->saved_ns, curve->count);
}
