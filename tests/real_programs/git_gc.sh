# git with threads: index, preload, pack and grep.
set -eu
export HOME=$PWD GIT_CONFIG_NOSYSTEM=1
git config --global user.name Somebody
git config --global user.email somebody@example.com
git config --global pack.threads 4
git config --global index.threads 4
git config --global grep.threads 4
git config --global gc.autoDetach false
git init -q repository
cd repository
for n in $(seq 1 120); do mkdir -p d$((n % 7)); seq $n $((n + 400)) > d$((n % 7))/f$n; done
git add .
git commit -qm first
for n in 5 50 100; do echo changed >> d$((n % 7))/f$n; git commit -qam "change $n"; done
git gc -q
git grep -c '^300$' | wc -l
git fsck
git count-objects -v | grep in-pack
git status --short
