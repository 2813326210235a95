// worker_threads: messages both ways, memory shared by all, Atomics.wait and notify, and computing meanwhile.
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

const rounds = 200;

function primesBelow(limit) {
  let found = 0;
  for (let n = 2; n < limit; n++) {
    let prime = true;
    for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
    if (prime) found++;
  }
  return found;
}

if (isMainThread) {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const workers = [0, 1, 2].map((number) => new Worker(__filename, { workerData: { shared, number } }));
  let ended = 0;
  for (const worker of workers) {
    worker.on('message', (message) => worker.postMessage({ echoed: message }));
    worker.on('exit', (code) => {
      ended++;
      if (ended === workers.length)
        console.log(`added ${shared[0]} of ${rounds * workers.length}, last exit ${code}`);
    });
    worker.on('error', (error) => { throw error; });
  }
  setTimeout(() => { Atomics.store(shared, 1, 1); Atomics.notify(shared, 1); }, 20);
} else {
  const { shared, number } = workerData;
  Atomics.wait(shared, 1, 0);
  for (let n = 0; n < rounds; n++) Atomics.add(shared, 0, 1);
  const primes = primesBelow(100000);
  parentPort.once('message', (message) => {
    if (message.echoed.primes !== primes) throw new Error('another answer');
    parentPort.close();
  });
  parentPort.postMessage({ number, primes });
}
