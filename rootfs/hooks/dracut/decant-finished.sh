#!/bin/sh
# SPDX-License-Identifier: MIT
# dracut, booting: holds the queue open for the job, if there is one, also where all that root takes is there already.

! /lib/decant/start wanted
