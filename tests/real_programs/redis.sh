# redis-server under redis-benchmark, with a save to disk by a forked child.  $1 is a free port.
set -eu
port=$1
# One binary is both; Debian's redis-tools has it without the service.
mkdir -p bin
ln -sf "$(command -v redis-check-rdb)" bin/redis-server
bin/redis-server --bind 127.0.0.1 --port "$port" --save '' --dir "$PWD" --dbfilename dump.rdb --io-threads 2 > server.log 2>&1 &
server=$!
tries=0
until redis-cli -p "$port" ping > /dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { cat server.log >&2; exit 1; }
    sleep 0.1
done
redis-benchmark -p "$port" -n 200 -c 10 -q -t set,get,lpush,lrange_100 | tr '\r' '\n' | grep -c 'per second'
redis-cli -p "$port" eval 'for i = 1, 100 do redis.call("set", "k" .. i, i) end return redis.call("dbsize")' 0
redis-cli -p "$port" bgsave
redis-cli -p "$port" flushall async
redis-cli -p "$port" shutdown save || true
wait $server
grep -c 'bye bye' server.log
