# curl against a local server with a thread for each connection.  $1 is a free port.
set -eu
port=$1
mkdir -p www
seq 1 100000 > www/numbers
python3 -m http.server --bind 127.0.0.1 --directory www "$port" 2> /dev/null &
server=$!
tries=0
until curl -sf "http://127.0.0.1:$port/" > /dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || exit 1
    sleep 0.1
done
for n in 1 2 3 4 5; do curl -s "http://127.0.0.1:$port/numbers" | md5sum; done
curl -s --parallel --parallel-max 4 -o 'part#1' "http://127.0.0.1:$port/numbers?[1-8]"
cat part? | md5sum
curl -s -o /dev/null -w '%{http_code}\n' "http://localhost:$port/missing"
kill $server
wait $server || echo "ended with $?"
