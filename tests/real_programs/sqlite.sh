# sqlite3: three processes that write to one database, with a write-ahead log that they share as mapped memory.
set -eu
sqlite3 data.sqlite 'pragma journal_mode = wal; create table t (writer, n);' > /dev/null
for writer in 1 2 3; do
    for n in $(seq 1 50); do echo "insert into t values ($writer, $n);"; done > script.$writer
    sqlite3 -cmd '.timeout 20000' data.sqlite ".read script.$writer" &
    writers="${writers:-} $!"
done
for writer in $writers; do wait "$writer"; done
sqlite3 data.sqlite 'pragma integrity_check; select count(*) from t; select writer, sum(n) from t group by 1;'
