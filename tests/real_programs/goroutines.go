// Twenty goroutines that compute while timers fire; the runtime preempts them with SIGURG and collects garbage meanwhile.
package main

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func compute(number int, ticks *int64) string {
	sum := sha256.Sum256([]byte{byte(number)})
	text := ""
	for i := 0; i < 3000; i++ {
		sum = sha256.Sum256(sum[:])
		if i%100 == 0 {
			text += fmt.Sprintf("%x", sum[:2])
		}
		for j := 0; j < 100; j++ {
			number = number*1103515245 + 12345
		}
	}
	return fmt.Sprintf("%x %d %d", sum[:4], number, len(text))
}

func main() {
	var ticks, timers int64
	stop := make(chan bool)
	ticker := time.NewTicker(2 * time.Millisecond)
	go func() {
		for {
			select {
			case <-ticker.C:
				atomic.AddInt64(&ticks, 1)
			case <-stop:
				return
			}
		}
	}()
	for n := 1; n <= 10; n++ {
		time.AfterFunc(time.Duration(n)*time.Millisecond, func() { atomic.AddInt64(&timers, 1) })
	}
	results := make([]string, 20)
	var group sync.WaitGroup
	for n := range results {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			results[n] = compute(n, &ticks)
		}(n)
	}
	group.Wait()
	time.Sleep(15 * time.Millisecond)
	runtime.GC()
	close(stop)
	for n, result := range results {
		fmt.Println(n, result)
	}
	fmt.Println("timers", atomic.LoadInt64(&timers), "ticked", atomic.LoadInt64(&ticks) > 0)
}
