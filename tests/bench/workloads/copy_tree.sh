#!/bin/sh
# copy 3,000 small files to where nothing was
rm -rf copy
exec cp -r tree copy
