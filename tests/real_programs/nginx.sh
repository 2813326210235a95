# nginx with two workers under a load generator.  $1 is a free port.
set -eu
port=$1
mkdir -p logs www tmp
seq 1 5000 > www/numbers
echo hello > www/index.html
cat > nginx.conf <<END
worker_processes 2;
pid logs/nginx.pid;
error_log logs/error.log;
events { worker_connections 64; }
http {
    access_log logs/access.log;
    client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
    sendfile on;
    aio threads;
    gzip on; gzip_types *;
    server { listen 127.0.0.1:$port; root www; location /status { return 200 "fine\n"; } }
}
END
nginx -p "$PWD" -c "$PWD/nginx.conf" -g 'daemon off;' &
server=$!
tries=0
until curl -sf "http://127.0.0.1:$port/status"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || exit 1
    sleep 0.1
done
ab -q -n 200 -c 4 "http://127.0.0.1:$port/numbers" | grep -E 'Complete requests|Failed requests'
ab -q -k -n 200 -c 4 "http://127.0.0.1:$port/" | grep -E 'Complete requests|Failed requests'
wrk -t2 -c4 -d1s "http://127.0.0.1:$port/" | grep -c Requests/sec
curl -s --compressed "http://127.0.0.1:$port/numbers" | tail -1
kill -HUP $server
sleep 0.2
curl -s "http://127.0.0.1:$port/"
kill -QUIT $server
wait $server
wc -l < logs/access.log > /dev/null
