#include "report/thin.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "die.h"

struct span {
    size_t first, last;
};

/* From a point to the straight line between two others, or to the nearer one of them. */
static double distance(struct point p, struct point a, struct point b)
{
    double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    double part = square > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / square : 0;

    part = fmin(fmax(part, 0), 1);
    return hypot(p.x - a.x - part * dx, p.y - a.y - part * dy);
}

/* The point of a span that is farthest from the line between its ends, if it is too far; else `first`. */
static size_t farthest(const struct point *points, struct span span, double error)
{
    size_t found = span.first;

    for (size_t i = span.first + 1; i < span.last; i++) {
        double far = distance(points[i], points[span.first], points[span.last]);

        if (far > error) {
            error = far;
            found = i;
        }
    }
    return found;
}

static void choose(const struct point *points, size_t count, double error, bool *kept)
{
    struct span *stack = die_calloc(count, sizeof *stack);
    size_t depth = 0;

    stack[depth++] = (struct span){0, count - 1};
    while (depth > 0) {
        struct span span = stack[--depth];
        size_t middle = farthest(points, span, error);

        kept[span.first] = kept[span.last] = true;
        if (middle == span.first)
            continue;
        stack[depth++] = (struct span){span.first, middle};
        stack[depth++] = (struct span){middle, span.last};
    }
    free(stack);
}

size_t thin(struct point *points, size_t count, double error)
{
    bool *kept;
    size_t left = 0;

    if (count < 3)
        return count;
    kept = die_calloc(count, sizeof *kept);
    choose(points, count, error, kept);
    for (size_t i = 0; i < count; i++)
        if (kept[i])
            points[left++] = points[i];
    free(kept);
    return left;
}
