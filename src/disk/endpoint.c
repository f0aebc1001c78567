/* SPDX-License-Identifier: MIT */
/* endpoint: see endpoint.h. */
#include "disk/endpoint.h"

#include <errno.h>
#include <string.h>

const char *
endpoint_why(const struct endpoint *endpoint, int errnum)
{
  const char *words = endpoint->ops->explain ? endpoint->ops->explain(endpoint, errnum) : NULL;

  if (errnum == ENOTCONN)
    return endpoint->last_words && endpoint->last_words[0] ? endpoint->last_words : "the connection was lost";
  return words ? words : strerror(errnum);
}

bool
endpoint_errnum_is_loss(int errnum)
{
  return errnum == ENOTCONN || errnum == ESHUTDOWN || errnum == ENODEV || errnum == ENXIO || errnum == ENOMEDIUM;
}
