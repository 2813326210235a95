# make with four compilers at once.
set -eu
{
    echo 'OBJECTS := main.o $(patsubst %,part%.o,0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)'
    printf 'program: $(OBJECTS)\n\tgcc -o $@ $^\n%%.o: %%.c\n\tgcc -O2 -pipe -c -o $@ $<\n'
} > Makefile
for n in $(seq 0 15); do
    echo "int part$n(int n) { return n < 2 ? n : part$n(n - 1) + part$n(n - 2); }" > part$n.c
done
{
    echo '#include <stdio.h>'
    for n in $(seq 0 15); do echo "int part$n(int);"; done
    echo 'int main(void) { return printf("%d", part7(20)) != 4; }'
} > main.c
make -s -j4
./program
