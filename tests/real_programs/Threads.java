// Threads of a JVM: a pool, locks, timers, safepoints, implicit null checks (SIGSEGV), stack overflows, garbage.
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicInteger;

class Threads {
    static class Box { int value; }

    static int valueOf(Box box) { return box.value; }

    static int depth;

    static void recurse() { depth++; recurse(); }

    static long compute(int number) {
        long sum = number;
        for (int n = 0; n < 2_000_000; n++)
            sum = sum * 6364136223846793005L + 1442695040888963407L;
        List<String> garbage = new ArrayList<>();
        for (int n = 0; n < 20_000; n++)
            garbage.add("text " + n + sum);
        return sum + garbage.size();
    }

    public static void main(String[] arguments) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        ScheduledExecutorService clock = Executors.newScheduledThreadPool(1);
        AtomicInteger ticks = new AtomicInteger();
        clock.scheduleAtFixedRate(ticks::incrementAndGet, 1, 2, TimeUnit.MILLISECONDS);
        List<Future<Long>> answers = new ArrayList<>();
        for (int n = 0; n < 8; n++) {
            int number = n;
            answers.add(pool.submit(() -> compute(number)));
        }
        long total = 0;
        for (Future<Long> answer : answers)
            total += answer.get();
        Object lock = new Object();
        int[] shared = new int[1];
        Thread[] threads = new Thread[3];
        for (int n = 0; n < threads.length; n++) {
            threads[n] = new Thread(() -> {
                for (int i = 0; i < 5000; i++)
                    synchronized (lock) { shared[0]++; }
            });
            threads[n].start();
        }
        for (Thread thread : threads)
            thread.join();
        int caught = 0;
        for (int n = 0; n < 30_000; n++) {
            try {
                caught += valueOf(n % 10_000 == 9_999 ? null : new Box());
            } catch (NullPointerException expected) {
                caught++;
            }
        }
        try {
            recurse();
        } catch (StackOverflowError expected) {
            caught += 100;
        }
        System.gc();
        clock.shutdown();
        pool.shutdown();
        pool.awaitTermination(10, TimeUnit.SECONDS);
        System.out.println("total " + total + ", counted " + shared[0] + ", caught " + caught + ", ticked " + (ticks.get() > 0));
    }
}
