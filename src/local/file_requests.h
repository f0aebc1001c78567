/* SPDX-License-Identifier: MIT */
/* file_requests: the way of a file's or device's requests, as endpoint.h has it: by the ring, or within submit.
 *
 * What is slow goes alone, so that what a signal has to wait for is little: a zero in the ring, and what took long
 * within submit, whose answer comes only after the loop has had its turn.
 */
#ifndef DECANT_FILE_REQUESTS_H
#define DECANT_FILE_REQUESTS_H

#include "local/endpoint_file.h"

void file_requests_submit(struct endpoint *endpoint, struct request *request);
struct request *file_requests_take(struct endpoint *endpoint);
void file_requests_watch(struct endpoint *endpoint, struct loop *loop);
void file_requests_serve(struct endpoint *endpoint, struct loop *loop);

#endif
