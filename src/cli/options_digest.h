/* SPDX-License-Identifier: MIT */
/* options_digest: the command line of `decant digest`, which is a copy to nowhere: it takes those
 * of copy's options that are about reading, and leaves them in struct copy_options. */
#ifndef DECANT_OPTIONS_DIGEST_H
#define DECANT_OPTIONS_DIGEST_H

extern const struct verb_options options_digest;

#endif
