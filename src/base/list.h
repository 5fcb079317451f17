/*
 * list.h: a doubly linked list whose links live in its members. The owner of the list says in its
 * own header what the members are and which lock guards them.
 */
#ifndef CTXI_BASE_LIST_H
#define CTXI_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* The head of a list, and the link in a member. Empty, or in no list: both point at itself. */
struct ctxi_link {
    struct ctxi_link *next, *prev;
};

#define CTXI_CONTAINER(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void ctxi_list_init(struct ctxi_link *head)
{
    head->next = head->prev = head;
}

static inline bool ctxi_list_empty(const struct ctxi_link *head)
{
    return head->next == head;
}

static inline void ctxi_list_push_front(struct ctxi_link *head, struct ctxi_link *link)
{
    link->prev = head;
    link->next = head->next;
    head->next->prev = link;
    head->next = link;
}

static inline void ctxi_list_push_back(struct ctxi_link *head, struct ctxi_link *link)
{
    ctxi_list_push_front(head->prev, link);
}

/* Takes it out of its list; it is then in none, and taking it out again does nothing. */
static inline void ctxi_list_remove(struct ctxi_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    ctxi_list_init(link);
}

/* The first link, taken out; NULL if the list is empty. */
static inline struct ctxi_link *ctxi_list_pop_front(struct ctxi_link *head)
{
    struct ctxi_link *first = head->next;

    if (first == head)
        return NULL;
    ctxi_list_remove(first);
    return first;
}

/* Moves all members of `from` to the end of `head`, O(1). */
static inline void ctxi_list_splice_back(struct ctxi_link *head, struct ctxi_link *from)
{
    if (ctxi_list_empty(from))
        return;
    from->next->prev = head->prev;
    head->prev->next = from->next;
    from->prev->next = head;
    head->prev = from->prev;
    ctxi_list_init(from);
}

#endif
