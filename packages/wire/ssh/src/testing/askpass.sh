#!/bin/sh
# What the tests give to whatever of OpenSSH asks for a password. A file of its own: one that is written while another test starts is "busy".
printf %s "$SLUICE_TEST_SECRET"
