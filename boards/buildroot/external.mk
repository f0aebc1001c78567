# SPDX-License-Identifier: MIT
include $(sort $(wildcard $(BR2_EXTERNAL_DECANT_PATH)/package/*/*.mk))
