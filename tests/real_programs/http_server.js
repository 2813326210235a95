// An HTTP server and its clients in one process: keep-alive connections, timers, files read by the thread pool, crypto.
const http = require('http');
const fs = require('fs');
const crypto = require('crypto');
const zlib = require('zlib');

const requests = 200;
const server = http.createServer((request, response) => {
  if (request.url === '/file')
    fs.readFile(__filename, (error, data) => response.end(data));
  else if (request.url === '/hash')
    crypto.pbkdf2('secret', 'salt', 1000, 32, 'sha256', (error, key) => response.end(key.toString('hex')));
  else if (request.url === '/zipped')
    zlib.gzip('x'.repeat(20000), (error, data) => response.end(data));
  else
    setTimeout(() => response.end(JSON.stringify({ url: request.url, now: Date.now() })), 1);
});

function get(agent, port, path) {
  return new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, path, agent }, (response) => {
      let size = 0;
      response.on('data', (part) => { size += part.length; });
      response.on('end', () => resolve(size));
    }).on('error', reject);
  });
}

server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  const paths = ['/file', '/hash', '/zipped', '/json'];
  let total = 0;
  for (let start = 0; start < requests; start += 20) {
    const sizes = await Promise.all(Array.from({ length: 20 }, (_, n) => get(agent, port, paths[n % paths.length])));
    total += sizes.reduce((a, b) => a + b);
  }
  agent.destroy();
  server.close(() => console.log(`${requests} requests, ${total} bytes, random ${Math.random()}, up ${process.uptime()}`));
});
