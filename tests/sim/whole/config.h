/* SPDX-License-Identifier: MIT */
/* config: how a whole copy is made: what is asked of it, its plan, and its buffers. */
#ifndef SIM_CONFIG_H
#define SIM_CONFIG_H

#include "copy/copy.h"
#include "sim/random.h"

/* What is asked of a copy between these ends, from the first byte on; one that is patient waits for ever for what is lost. */
void config_choose(struct copy_config *config, struct random *random, struct endpoint *source,
                   struct endpoint *destination, struct loop *loop, bool is_patient);

/* From the program's own plan for the smallest memory down to a few tiny buffers: slots of 2^lowest to 2^highest bytes. */
void config_plan(struct copy_config *config, struct random *random, unsigned lowest, unsigned highest);

/* Each by itself, so that a byte beside it is seen; in pages, as direct I/O wants them. */
void config_take_buffers(struct copy_config *config);

/* If there are any. */
void config_drop_buffers(struct copy_config *config);

#endif
