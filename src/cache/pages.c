#include "cache/pages.h"

#include <stdlib.h>
#include <sys/mman.h>

#define UNITS (CTXI_REGION_BYTES / CTXI_UNIT_BYTES)
#define LOOKS 8 /* regions looked at for free units, before there is another one */
#define ALL   UINT32_MAX

_Static_assert(UNITS == 32, "the units of a region are the bits of `used`");

struct ctxi_region {
    struct ctxi_region *next;
    unsigned char *base;
    uint32_t used; /* a bit for each unit */
};

/* An address at a multiple of the size: twice as much, without what is before and after. */
static unsigned char *map_aligned(void)
{
    size_t size = CTXI_REGION_BYTES;
    unsigned char *all = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t before;

    if (all == MAP_FAILED)
        return NULL;
    before = (size - (uintptr_t)all % size) % size;
    if (before)
        munmap(all, before);
    if (before < size)
        munmap(all + before + size, size - before);
    return all + before;
}

static struct ctxi_region *add_region(struct ctxi_pages *pages)
{
    struct ctxi_region *region = malloc(sizeof *region);
    unsigned char *base = region ? map_aligned() : NULL;

    if (!base) {
        free(region);
        return NULL;
    }
#ifdef MADV_HUGEPAGE
    (void)madvise(base, CTXI_REGION_BYTES, MADV_HUGEPAGE); /* where it cannot, pages are small */
#endif
    *region = (struct ctxi_region){pages->regions, base, 0};
    pages->regions = region;
    return region;
}

static uint32_t mask_of(size_t units)
{
    return units == UNITS ? ALL : (UINT32_C(1) << units) - 1;
}

/* Units in a row that are free; NULL: there are none. */
static void *take_units(struct ctxi_region *region, size_t units)
{
    uint32_t mask = mask_of(units);

    for (size_t first = 0; first + units <= UNITS; first++)
        if (!(region->used & mask << first)) {
            region->used |= mask << first;
            return region->base + first * CTXI_UNIT_BYTES;
        }
    return NULL;
}

void *ctxi_pages_take(struct ctxi_pages *pages, size_t bytes)
{
    size_t units = ctxi_pages_size(bytes) / CTXI_UNIT_BYTES;
    struct ctxi_region *region = pages->regions;

    if (bytes < CTXI_UNIT_BYTES || units > UNITS)
        return NULL;
    for (int looks = LOOKS; region && looks > 0; region = region->next, looks--) {
        void *block = take_units(region, units);

        if (block)
            return block;
    }
    region = add_region(pages);
    return region ? take_units(region, units) : NULL;
}

static struct ctxi_region **find_region(struct ctxi_pages *pages, const void *block)
{
    struct ctxi_region **at = &pages->regions;

    while (*at &&
           (uintptr_t)(*at)->base != (uintptr_t)block / CTXI_REGION_BYTES * CTXI_REGION_BYTES)
        at = &(*at)->next;
    return at;
}

bool ctxi_pages_give(struct ctxi_pages *pages, void *block, size_t bytes)
{
    struct ctxi_region **at = find_region(pages, block), *region = *at;
    size_t units = ctxi_pages_size(bytes) / CTXI_UNIT_BYTES, first;

    if (!region)
        return false;
    first = (size_t)((unsigned char *)block - region->base) / CTXI_UNIT_BYTES;
    region->used &= ~(mask_of(units) << first);
    *at = region->next;
    if (region->used) { /* it has free units: it comes first */
        region->next = pages->regions;
        pages->regions = region;
    } else {
        munmap(region->base, CTXI_REGION_BYTES);
        free(region);
    }
    return true;
}
