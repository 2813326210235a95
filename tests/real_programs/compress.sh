# Compressors with four threads each.
set -eu
seq 1 400000 > numbers
xz -T4 -k -1 --block-size=500KiB numbers
xz -T4 -dc numbers.xz | cmp - numbers
pigz -p 4 -k numbers
pigz -p 4 -dc numbers.gz | cmp - numbers
ls -l numbers.xz numbers.gz
