/* SPDX-License-Identifier: MIT */
/* confine: what of the sandbox a job takes, by its command line.
 *
 * Before its ends are opened, somebody is left outside who can open them again (outside.h); once they are open, and before
 * anything that they hold is looked at, the sandbox is entered (sandbox.h). Of files, those may be opened then that the kernel
 * tells of itself and of disks in, those that handshakes of TLS read, and what is in the directory of a mapfile.
 */
#ifndef DECANT_CONFINE_H
#define DECANT_CONFINE_H

#include "cli/options.h"

/* It takes a while, so the loop is there already, which hears signals that come meanwhile. Returns 0, or -1 with the fault set. */
int confine_begin(const struct options *options, struct fault *fault);

/* From here on, as far as the kernel can; with -v, it says how far that is. */
void confine_enter(const struct options *options);

/* What the kernel has of it, for --version --verbose. */
#define CONFINE_TEXT_BYTES 160
void confine_describe(char text[CONFINE_TEXT_BYTES]);

#endif
