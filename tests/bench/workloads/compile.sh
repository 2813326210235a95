#!/bin/sh
# compile and link the program that c_program.py wrote
set -e
gcc -O2 -c program.c -o program.o
gcc program.o -o program -lm
