################################################################################
#
# decant
#
################################################################################

# SPDX-License-Identifier: MIT

# The tree that this one is part of.
DECANT_VERSION = 0.1
DECANT_SITE = $(BR2_EXTERNAL_DECANT_PATH)/../..
DECANT_SITE_METHOD = local
DECANT_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude=/build
DECANT_LICENSE = MIT, LGPL-2.1+ (libnbd), MIT (BearSSL)
DECANT_LICENSE_FILES = LICENSE

# What is linked into it; decant looks for them by the names that Debian has.
DECANT_LIBNBD = libnbd-1.22.2.tar.gz
DECANT_BEARSSL = bearssl_0.6+dfsg.1.orig.tar.xz
DECANT_EXTRA_DOWNLOADS = \
	https://download.libguestfs.org/libnbd/1.22-stable/$(DECANT_LIBNBD) \
	$(call qstrip,$(BR2_PACKAGE_DECANT_DEBIAN_POOL))/main/b/bearssl/$(DECANT_BEARSSL)

ifeq ($(BR2_PACKAGE_DECANT)$(BR_BUILDING),yy)
ifeq ($(call qstrip,$(BR2_PACKAGE_DECANT_DEBIAN_POOL)),)
$(error No pool of Debian's is named. Check your BR2_PACKAGE_DECANT_DEBIAN_POOL setting)
endif
endif

# Where decant expects Debian's musl, this toolchain's is put in its place.
define DECANT_CONFIGURE_CMDS
	mkdir -p $(@D)/sources $(@D)/tools $(@D)/build/third_party/kernel-headers
	ln -sf $(DECANT_DL_DIR)/$(DECANT_LIBNBD) \
		$(@D)/sources/libnbd_1.22.2.orig.tar.gz
	ln -sf $(DECANT_DL_DIR)/$(DECANT_BEARSSL) $(@D)/sources/
	printf '#!/bin/sh\nexec "%s" "$$@"\n' '$(TARGET_CC)' >$(@D)/tools/musl-gcc
	for tool in ar ranlib nm strip readelf objdump; do \
		ln -sf "$(TARGET_CROSS)$$tool" $(@D)/tools/$$tool; \
	done
	chmod +x $(@D)/tools/musl-gcc
	ln -sfn $(STAGING_DIR)/usr/include/linux \
		$(STAGING_DIR)/usr/include/asm \
		$(STAGING_DIR)/usr/include/asm-generic \
		$(@D)/build/third_party/kernel-headers/
	sed '/musl\|\/usr\//d' $(@D)/third_party/tools >$(@D)/tools/list
endef

define DECANT_BUILD_CMDS
	$(TARGET_MAKE_ENV) PATH="$(@D)/tools:$(BR_PATH)" \
		TOOLS=$(@D)/tools/list DECANT_SOURCES=$(@D)/sources \
		$(MAKE) -C $(@D) CC=musl-gcc \
		MUSL=$(STAGING_DIR)/usr/lib \
		MUSL_INCLUDE=$(STAGING_DIR)/usr/include
endef

define DECANT_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/build/decant $(TARGET_DIR)/usr/bin/decant
endef

$(eval $(generic-package))
