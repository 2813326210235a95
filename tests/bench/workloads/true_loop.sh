#!/bin/bash
# true_loop.sh COUNT: so many times fork, exec of /bin/true, and wait
for ((i = 0; i < $1; i++)); do /bin/true; done
