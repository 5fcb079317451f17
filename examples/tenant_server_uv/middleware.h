/*
 * middleware.h: between connection and page: a context for the request, and who it is for.
 */
#ifndef MIDDLEWARE_H
#define MIDDLEWARE_H

#include "request.h"

/* Runs the page in a context of the request's own. It answers now, or in a callback that then runs in that
 * context, too. */
void middleware_serve(struct request *request);

#endif
