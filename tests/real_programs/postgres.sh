# PostgreSQL: initdb, a server, pgbench with four clients in two threads, a clean stop.  $1 is a free port.
# It refuses to run as root, who becomes an ordinary user in a folder of that user's first.
set -eu
port=$1
if [ "$(id -u)" = 0 ]; then
    folder=$(mktemp -d)
    chown 65534:65534 "$folder"
    cd "$folder"
    setpriv --reuid=65534 --regid=65534 --clear-groups sh -c "$(cat "$0")" postgres "$port"
    cd /
    exec rm -r "$folder"
fi
PATH=$(ls -d /usr/lib/postgresql/*/bin | tail -1):$PATH
initdb -D data -A trust -U postgres --no-sync > initdb.log
cat >> data/postgresql.conf <<END
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$PWD'
shared_buffers = 16MB
fsync = off
END
pg_ctl -D data -l server.log -w -t 100 start > /dev/null
pgbench -h 127.0.0.1 -p "$port" -U postgres -i -s 1 -q postgres 2> /dev/null
pgbench -h 127.0.0.1 -p "$port" -U postgres -c 4 -j 2 -t 25 postgres 2> /dev/null | grep 'actually processed'
psql -h "$PWD" -p "$port" -U postgres -At -c 'select count(*) from pgbench_history' \
    -c 'select count(*), sum(abalance) is not null from pgbench_accounts' postgres
pg_ctl -D data -w -m fast stop > /dev/null
grep -c 'database system is shut down' server.log
